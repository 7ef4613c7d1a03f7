-- Since version 4.

-- What a person confirmed of the procedure for a hung terminal, in the rows with a decision. The chain leaves it out where it
-- is NULL, as it is in all rows of the versions before.
ALTER TABLE transactions ADD COLUMN confirmed TEXT;
ALTER TABLE events ADD COLUMN confirmed TEXT;
