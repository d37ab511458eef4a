-- Since when the provider says that an address is none; a new address clears it.
ALTER TABLE survey_contact ADD COLUMN undeliverable_at timestamptz(3);
