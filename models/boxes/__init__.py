"""The box form: networks that put boxes around damage in road photos taken from vehicles."""
