-- Since version 3.

-- Where the terminal was reached, in the rows that begin an attempt: two names at one address are one terminal. The chain
-- leaves it out where it is NULL, as it is in all rows of the versions before.
ALTER TABLE events ADD COLUMN address TEXT;
