-- The first schema. {text} and {blob} are the dialect's types; numbers are BIGINT, instants are
-- milliseconds since the epoch, booleans are 0 and 1.
-- `row_version` starts at 1 and grows by one with every update; `mac` covers the whole row and its
-- version under a key from the root of trust, on every table whose rows decide something.

CREATE TABLE store_meta (
    name {text} NOT NULL,
    value {text} NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE sealed_keys (
    purpose {text} NOT NULL,
    epoch BIGINT NOT NULL,
    wrapped {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (purpose, epoch)
);

CREATE TABLE accounts (
    account {text} NOT NULL,
    created_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account)
);

CREATE TABLE access_keys (
    access_key_id {text} NOT NULL,
    account {text} NOT NULL,
    principal {text} NOT NULL,
    status {text} NOT NULL,
    sealed_secret {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (access_key_id)
);

-- The servers that share this store. `instance` is drawn at each start; `seen_at` is on the database's
-- clock; `stopped_at` is null while the node runs, or was killed.
CREATE TABLE nodes (
    node_id {text} NOT NULL,
    instance {text} NOT NULL,
    address {text} NOT NULL,
    version {text} NOT NULL,
    trail_public_key {blob} NOT NULL,
    trail_head_seq BIGINT NOT NULL,
    trail_head_hash {blob} NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    stopped_at BIGINT,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (node_id)
);

-- Who does which share of the service's own work; `until` is on the database's clock, `token` grows
-- whenever a lease changes hands.
CREATE TABLE leases (
    name {text} NOT NULL,
    node_id {text} NOT NULL,
    token BIGINT NOT NULL,
    until BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (name)
);

-- One row a commit that changed rows which decide, for the caches of other nodes and to settle a commit
-- whose answer was lost. `txid` is the transaction's id on PostgreSQL, 0 elsewhere; `at` is on the
-- database's clock. Written only where several nodes share a store.
CREATE TABLE changes (
    change_id {text} NOT NULL,
    txid BIGINT NOT NULL,
    at BIGINT NOT NULL,
    changed {text} NOT NULL,
    PRIMARY KEY (change_id)
);
CREATE INDEX changes_by_txid ON changes (txid);
CREATE INDEX changes_by_at ON changes (at);

-- What the reconcilers know of the passing of time: see "clock rules" in docs/rotation.md.
CREATE TABLE clock_watch (
    name {text} NOT NULL,
    heartbeat_at BIGINT NOT NULL,
    destruction_hold_millis BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE keys (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    manager {text} NOT NULL,
    key_spec {text} NOT NULL,
    key_usage {text} NOT NULL,
    origin {text} NOT NULL,
    state {text} NOT NULL,
    delete_at BIGINT,
    pending_window_days BIGINT,
    description {text} NOT NULL,
    created_at BIGINT NOT NULL,
    current_material_id {text} NOT NULL,
    current_material_at BIGINT NOT NULL,
    material_count BIGINT NOT NULL,
    rotation_period_days BIGINT,
    rotation_tag_days BIGINT,
    next_rotation_at BIGINT,
    on_demand_rotations BIGINT NOT NULL,
    tags {text} NOT NULL,
    policy {text} NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, region, key_id)
);
CREATE INDEX keys_due ON keys (state, next_rotation_at);
CREATE INDEX keys_to_delete ON keys (state, delete_at);

CREATE TABLE key_materials (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    material_tag {blob} NOT NULL,
    material_id {text} NOT NULL,
    ordinal BIGINT NOT NULL,
    domain_epoch BIGINT NOT NULL,
    wrapped {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    rotation_type {text},
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, region, key_id, material_tag)
);
CREATE UNIQUE INDEX key_materials_in_order ON key_materials (account, region, key_id, ordinal);
CREATE INDEX key_materials_by_epoch ON key_materials (domain_epoch);

CREATE TABLE aliases (
    account {text} NOT NULL,
    region {text} NOT NULL,
    name {text} NOT NULL,
    key_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE INDEX aliases_by_key ON aliases (account, region, key_id, name);

CREATE TABLE key_last_usage (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    operation {text} NOT NULL,
    used_at BIGINT NOT NULL,
    event_id {text} NOT NULL,
    request_id {text} NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, key_id)
);

CREATE TABLE key_tombstones (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, key_id)
);

-- Write-ahead of the trail, and what look-ups read.
CREATE TABLE audit (
    event_id {text} NOT NULL,
    node_id {text} NOT NULL,
    at BIGINT NOT NULL,
    after_seq BIGINT NOT NULL,
    record {text} NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (event_id)
);
CREATE INDEX audit_by_node ON audit (node_id, at);

-- Events on their way to the bus, in EventBridge's form; `sent_at` is null until they were handed on.
CREATE TABLE outbox (
    event_id {text} NOT NULL,
    at BIGINT NOT NULL,
    account {text} NOT NULL,
    region {text} NOT NULL,
    source {text} NOT NULL,
    detail_type {text} NOT NULL,
    event {text} NOT NULL,
    sent_at BIGINT,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (event_id)
);
CREATE INDEX outbox_unsent ON outbox (sent_at, at);
