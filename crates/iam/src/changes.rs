//! Changes that touch more than one row.

use keywright_auth::identities::{LinkKind, LinkRow};
use keywright_store::{Row, Versioned, WriteSet};
use keywright_types::{AccountId, UniqueId};

/// Writes the row as it is once more: whoever relied on its version, such as its deletion, has to look again.
pub(crate) fn touch<R: Row>(writes: &mut WriteSet, found: &Versioned<R>) {
    writes.update(&found.row, found.version);
}

/// Lists an entity with its policy, boundary or group.
pub(crate) fn link(
    writes: &mut WriteSet,
    account: AccountId,
    kind: LinkKind,
    target: &str,
    entity: &UniqueId,
) {
    writes.put(&link_row(account, kind, target, entity));
}

/// Takes it off the list.
pub(crate) fn unlink(
    writes: &mut WriteSet,
    account: AccountId,
    kind: LinkKind,
    target: &str,
    entity: &UniqueId,
) {
    use keywright_store::Column as _;
    let row = link_row(account, kind, target, entity);
    writes.delete_children::<LinkRow>(vec![
        row.account.to_value(),
        row.target.to_value(),
        row.kind.to_value(),
        row.entity_id.to_value(),
    ]);
}

fn link_row(account: AccountId, kind: LinkKind, target: &str, entity: &UniqueId) -> LinkRow {
    LinkRow { account, target: target.to_owned(), kind: kind.as_str().to_owned(), entity_id: entity.clone() }
}
