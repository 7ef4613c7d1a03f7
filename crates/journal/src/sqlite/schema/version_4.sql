-- Since version 4. The chain leaves a column out where it and all columns after it are NULL, as they are in all rows of the
-- versions before.

-- The USB device at the serial port, in the rows that begin an attempt, and the serial number that the terminal showed (tag
-- AQ), in the rows that end one.
ALTER TABLE events ADD COLUMN usb TEXT;
ALTER TABLE events ADD COLUMN serial_number TEXT;

-- What a person confirmed of the procedure for a hung terminal, in the rows with a decision.
ALTER TABLE transactions ADD COLUMN confirmed TEXT;
ALTER TABLE events ADD COLUMN confirmed TEXT;

-- The largest tip that a transaction allows, and the amount of an approval that could not be accepted because of its amount: in
-- minor units, and in both tables.
ALTER TABLE transactions ADD COLUMN allow_tip_minor INTEGER;
ALTER TABLE transactions ADD COLUMN reported_minor INTEGER;
ALTER TABLE events ADD COLUMN allow_tip_minor INTEGER;
ALTER TABLE events ADD COLUMN reported_minor INTEGER;
