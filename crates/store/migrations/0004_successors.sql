-- Keys that follow each other under one alias. `lineage` is JSON: the keys before and after, and when the one after took over.
-- `succession_step` is what is due next at `succession_at`: prepare, supersede or retire.

ALTER TABLE keys ADD COLUMN lineage {text};
ALTER TABLE keys ADD COLUMN succession_at BIGINT;
ALTER TABLE keys ADD COLUMN succession_step {text};
CREATE INDEX keys_to_succeed ON keys (state, succession_at);
