"""Rules of reading that German, French, Italian and Spanish share; their words come from the tables of a language."""
