-- The census: what each key material was used for. Observations, added up by every node that shares the store, so that no
-- row has a MAC. `produced` counts what was made with it (ciphertexts, data keys, signatures, MACs), `consumed` what was
-- opened or verified; the instants are those of the last of each, and null if there was none.
CREATE TABLE material_uses (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    material_id {text} NOT NULL,
    produced BIGINT NOT NULL,
    consumed BIGINT NOT NULL,
    last_produced_at BIGINT,
    last_consumed_at BIGINT,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, key_id, material_id)
);

-- By whom: the latest callers of each key material, a bounded number. What those before them did stays in the row above.
CREATE TABLE material_callers (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    material_id {text} NOT NULL,
    caller {text} NOT NULL,
    produced BIGINT NOT NULL,
    consumed BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, key_id, material_id, caller)
);
CREATE INDEX material_uses_by_consumed ON material_uses (last_consumed_at);
