"""Commands over rows: assets, grades, records, publication, users, organisations, audit."""
