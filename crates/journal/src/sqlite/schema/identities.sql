-- Since version 4.

-- The USB device at the serial port, in the rows that begin an attempt, and the serial number that the terminal showed (tag
-- AQ), in the rows that end one. The chain leaves them out where they are NULL, as they are in all rows of the versions
-- before.
ALTER TABLE events ADD COLUMN usb TEXT;
ALTER TABLE events ADD COLUMN serial_number TEXT;
