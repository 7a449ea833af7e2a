"""Lead a database from any earlier version of the tables to the present one."""
