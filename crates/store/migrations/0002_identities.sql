-- Users, groups, roles, policies, their sign-in, and grants. Names are unique whatever their case, so that the
-- primary key has them in lower case (`name_key`). What decides about one identity (its policies, its groups, its
-- boundary, its MFA devices) stands in its one row, under one MAC: nobody can take a Deny away by removing a row.
-- Lists and maps are JSON.

ALTER TABLE accounts ADD COLUMN alias {text};
ALTER TABLE accounts ADD COLUMN password_policy {text};
CREATE UNIQUE INDEX accounts_by_alias ON accounts (alias);
CREATE INDEX access_keys_by_principal ON access_keys (account, principal);

CREATE TABLE iam_users (
    account {text} NOT NULL,
    name_key {text} NOT NULL,
    name {text} NOT NULL,
    path {text} NOT NULL,
    user_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    member_of {text} NOT NULL,
    attached {text} NOT NULL,
    inline {text} NOT NULL,
    boundary {text},
    tags {text} NOT NULL,
    mfa_serials {text} NOT NULL,
    sealed_password {blob},
    password_set_at BIGINT,
    password_reset_required BIGINT,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, name_key)
);
CREATE UNIQUE INDEX iam_users_by_id ON iam_users (user_id);

CREATE TABLE iam_groups (
    account {text} NOT NULL,
    name_key {text} NOT NULL,
    name {text} NOT NULL,
    path {text} NOT NULL,
    group_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    attached {text} NOT NULL,
    inline {text} NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, name_key)
);
CREATE UNIQUE INDEX iam_groups_by_id ON iam_groups (group_id);

CREATE TABLE iam_roles (
    account {text} NOT NULL,
    name_key {text} NOT NULL,
    name {text} NOT NULL,
    path {text} NOT NULL,
    role_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    description {text},
    max_session_seconds BIGINT NOT NULL,
    trust_policy {text} NOT NULL,
    trust_pins {text} NOT NULL,
    attached {text} NOT NULL,
    inline {text} NOT NULL,
    boundary {text},
    tags {text} NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, name_key)
);
CREATE UNIQUE INDEX iam_roles_by_id ON iam_roles (role_id);

CREATE TABLE iam_policies (
    account {text} NOT NULL,
    name_key {text} NOT NULL,
    name {text} NOT NULL,
    path {text} NOT NULL,
    policy_id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    description {text},
    default_version BIGINT NOT NULL,
    latest_version BIGINT NOT NULL,
    versions {text} NOT NULL,
    tags {text} NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, name_key)
);

-- Who has which policy and who is in which group, for lists and counts; written in the commit that changes the
-- identity's own row, which alone decides. `target` is a policy's ARN, or a group's id.
CREATE TABLE iam_links (
    account {text} NOT NULL,
    target {text} NOT NULL,
    kind {text} NOT NULL,
    entity_id {text} NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (account, target, kind, entity_id)
);

CREATE TABLE mfa_devices (
    account {text} NOT NULL,
    serial {text} NOT NULL,
    sealed_seed {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    user_id {text},
    enabled_at BIGINT,
    used_step BIGINT NOT NULL,
    tags {text} NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, serial)
);
CREATE INDEX mfa_devices_by_user ON mfa_devices (account, user_id);

-- Observations: when an access key, a password or a role was last used. `name` is an access key id or a unique id.
CREATE TABLE credential_uses (
    name {text} NOT NULL,
    used_at BIGINT NOT NULL,
    region {text} NOT NULL,
    service {text} NOT NULL,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (name)
);

-- Grants on keys. Principals stand here as they are compared: a user or role by its unique id, a session by its role's
-- and its own name, an account by its root's ARN; `…_arn` is what was given. The grantee is part of the primary key, so
-- that whoever hears of a change knows whose rights it touches. `retry` is a digest of a named grant and all that was
-- asked for it: the same again is the same grant. `probe` is a digest of what a request's context must have for the grant to
-- come into question.
CREATE TABLE grants (
    account {text} NOT NULL,
    region {text} NOT NULL,
    key_id {text} NOT NULL,
    grantee {text} NOT NULL,
    grant_id {text} NOT NULL,
    grantee_arn {text} NOT NULL,
    retiring {text},
    retiring_arn {text},
    name {text},
    operations {text} NOT NULL,
    context_rule {text},
    context {text},
    issuing_account {text} NOT NULL,
    created_at BIGINT NOT NULL,
    retry {text},
    probe {text} NOT NULL,
    row_version BIGINT NOT NULL,
    mac {blob} NOT NULL,
    PRIMARY KEY (account, region, key_id, grantee, grant_id)
);
CREATE UNIQUE INDEX grants_by_id ON grants (account, region, key_id, grant_id);
CREATE UNIQUE INDEX grants_by_retry ON grants (account, region, key_id, retry);
CREATE INDEX grants_by_probe ON grants (account, region, key_id, grantee, probe);
CREATE INDEX grants_by_retiring ON grants (region, retiring, grant_id);

-- Key ids are unique in a Region whatever the account: a ciphertext names its key by id alone.
CREATE INDEX keys_by_id ON keys (region, key_id);
-- The unique ids behind the principals that a key policy named when it was written: a later namesake inherits nothing.
ALTER TABLE keys ADD COLUMN policy_pins {text};
-- The names of the key's aliases, for conditions on them; none in rows from before, whose aliases are counted.
ALTER TABLE keys ADD COLUMN alias_names {text};
