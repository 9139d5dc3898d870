"""Episodes of any number of recordings: a record of each, conditions that choose among them, and tables of them."""
