-- A replica names the Region of its primary secret, and which version of that one's row it follows.
-- Secrets. One row has all that decides: labels, policy, deletion, replicas, rotation; `versions` is JSON of the labelled
-- versions. Values are rows of their own, sealed under data keys of KMS, bound to the secret's ARN and the version's id.
CREATE TABLE secrets (
    account {text} NOT NULL,
    region {text} NOT NULL,
    name {text} NOT NULL,
    suffix {text} NOT NULL,
    description {text},
    secret_type {text},
    kms_key {text},
    tags {text} NOT NULL,
    versions {text} NOT NULL,
    policy {text},
    policy_pins {text},
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    deleted_at BIGINT,
    delete_at BIGINT,
    primary_region {text},
    synced BIGINT,
    sync_at BIGINT,
    replication {text},
    rotation {text},
    run {text},
    part {text} NOT NULL,
    rotation_at BIGINT,
    last_rotated_at BIGINT,
    next_rotation_at BIGINT,
    held {text},
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE INDEX secrets_by_creation ON secrets (account, region, created_at, name);
CREATE INDEX secrets_by_change ON secrets (account, region, changed_at, name);
CREATE INDEX secrets_to_delete ON secrets (delete_at);
CREATE INDEX secrets_to_sync ON secrets (primary_region, sync_at);
CREATE INDEX secrets_to_rotate ON secrets (part, rotation_at);

CREATE TABLE secret_versions (
    account {text} NOT NULL,
    region {text} NOT NULL,
    name {text} NOT NULL,
    version_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    kms_key_arn {text} NOT NULL,
    is_default_key BIGINT NOT NULL,
    data_key {blob} NOT NULL,
    is_binary BIGINT NOT NULL,
    value {blob} NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, name, version_id)
);

-- The day of the last read: of a version, and under an empty version id of the secret. Observations, written behind.
CREATE TABLE secret_access (
    account {text} NOT NULL,
    region {text} NOT NULL,
    name {text} NOT NULL,
    version_id {text} NOT NULL,
    accessed_on BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, name, version_id)
);

-- What happened to a secret's rotations, step by step, and why. No value is in any of it. `at` is in milliseconds, with the
-- same digits always, so that ids sort by time.
CREATE TABLE secret_rotation_log (
    account {text} NOT NULL,
    region {text} NOT NULL,
    name {text} NOT NULL,
    entry_id {text} NOT NULL,
    at BIGINT NOT NULL,
    version_id {text} NOT NULL,
    attempt BIGINT NOT NULL,
    step {text} NOT NULL,
    outcome {text} NOT NULL,
    cause {text},
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, name, entry_id)
);

-- Who reads a secret, and which version each had last. Observations, written behind.
CREATE TABLE secret_consumers (
    account {text} NOT NULL,
    region {text} NOT NULL,
    name {text} NOT NULL,
    consumer {text} NOT NULL,
    version_id {text} NOT NULL,
    seen_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, region, name, consumer)
);
