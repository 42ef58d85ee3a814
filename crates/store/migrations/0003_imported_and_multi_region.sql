-- Imported key material and multi-Region keys. What is imported stands in the key's one row, under its one MAC: nobody
-- can hide an end of validity by removing a row. `material_expires_at` is the earliest of those ends. A multi-Region
-- key is one row a Region, all with the same id; `primary_region` is null for other keys.

ALTER TABLE keys ADD COLUMN imported {text};
ALTER TABLE keys ADD COLUMN material_expires_at BIGINT;
ALTER TABLE keys ADD COLUMN primary_region {text};
CREATE INDEX keys_to_expire ON keys (material_expires_at);
CREATE INDEX keys_of_one_id ON keys (key_id, account);
