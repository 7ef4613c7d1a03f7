-- Since version 4.

-- The largest tip that a transaction allows, and the amount of an approval that could not be accepted because of its amount: in
-- minor units, and in both tables. The chain leaves them out where they and all columns after them are NULL.
ALTER TABLE transactions ADD COLUMN allow_tip_minor INTEGER;
ALTER TABLE transactions ADD COLUMN reported_minor INTEGER;
ALTER TABLE events ADD COLUMN allow_tip_minor INTEGER;
ALTER TABLE events ADD COLUMN reported_minor INTEGER;
