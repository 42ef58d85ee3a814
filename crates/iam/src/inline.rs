//! Inline policies: those that stand in the row of whoever has them.

use crate::bearers::Bearer;
use crate::entities::Entity;
use crate::error::IamError;
use crate::paging::{Paging, page};
use crate::policy_text;
use crate::service::Iam;
use keywright_auth::{Env, Page, RequestContext, View};
use keywright_store::WriteSet;

/// Writes a policy, in place of the one of that name.
///
/// # Errors
/// NoSuchEntity, LimitExceeded.
pub(crate) fn put<R: Bearer>(bearer: &Entity<R>, name: &str, text: &str) -> Result<WriteSet, IamError> {
    let found = bearer.get()?;
    let mut changed = found.row.clone();
    changed.inline_mut().insert(name.to_owned(), text.to_owned());
    let size: usize = changed.inline().values().map(|text| policy_text::counted(text)).sum();
    if size > R::INLINE_MAX {
        return Err(IamError::LimitExceeded {
            message: format!(
                "Maximum policy size of {} bytes exceeded for {} {}",
                R::INLINE_MAX,
                R::WORD,
                bearer.name
            ),
        });
    }
    let mut writes = WriteSet::default();
    writes.update(&changed, found.version);
    Ok(writes)
}

/// The text of the policy of that name.
///
/// # Errors
/// NoSuchEntity.
pub(crate) fn get<'a, R: Bearer>(bearer: &'a Entity<R>, name: &str) -> Result<&'a str, IamError> {
    bearer.get()?.row.inline().get(name).map(String::as_str).ok_or_else(|| no_such::<R>(name))
}

/// # Errors
/// NoSuchEntity.
pub(crate) fn delete<R: Bearer>(bearer: &Entity<R>, name: &str) -> Result<WriteSet, IamError> {
    let found = bearer.get()?;
    let mut changed = found.row.clone();
    changed.inline_mut().remove(name).ok_or_else(|| no_such::<R>(name))?;
    let mut writes = WriteSet::default();
    writes.update(&changed, found.version);
    Ok(writes)
}

fn no_such<R: Bearer>(name: &str) -> IamError {
    IamError::no_such(&format!("{} policy", R::WORD), name)
}

/// A list of the names of somebody's inline policies.
pub(crate) struct ListInline {
    name: String,
    paging: Paging,
}

impl ListInline {
    pub(crate) fn new(name: String, marker: Option<String>, max_items: Option<i32>) -> Self {
        Self { name, paging: Paging::new(marker, max_items) }
    }

    fn scope<R: Bearer>(&self) -> [&str; 3] {
        ["ListInline", R::WORD, &self.name]
    }

    /// # Errors
    /// The store's; a marker of another list.
    pub(crate) async fn facts<R: Bearer>(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Entity<R>, Page), IamError> {
        let page = self.paging.open(view.keyring, request.caller.account, &self.scope::<R>())?;
        Ok((R::find(view, request, &self.name).await?, page))
    }

    /// One page, and the next marker.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub(crate) fn decide<R: Bearer>(
        &self,
        (bearer, at): &(Entity<R>, Page),
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Result<(Vec<String>, Option<String>), IamError> {
        let names = bearer.get()?.row.inline().keys().cloned().collect();
        let account = request.caller.account;
        Ok(page(at, env.keyring, account, &self.scope::<R>(), names, String::clone))
    }
}
