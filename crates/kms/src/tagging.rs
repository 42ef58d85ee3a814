//! The rules of tags, and the tag that carries a rotation period.
//!
//! Invariant: no two tags of a key are alike but for the case of their names. AWS lets them be, but conditions name tags
//! without regard to case (`aws:ResourceTag`), so that whoever may set the one could have it read in the other's place.

use crate::error::{KmsError, TagFault};
use crate::key::{Key, MultiRegion, Origin};
use crate::rotation::{BadPeriod, parse_period_tag};
use crate::succession::{GOVERNING_TAGS, JWKS_TAG};
use keywright_aws::kms::Tag;
use keywright_types::{Tags, Timestamp};

/// AWS's limit of tags per key.
const TAGS_MAX: usize = 50;

/// Tags as a request gives them.
///
/// # Errors
/// TagException for a key given twice or in two cases, a reserved key, or too many.
pub(crate) fn parse(tags: Vec<Tag>) -> Result<Tags, KmsError> {
    let mut parsed = Tags::default();
    for tag in tags {
        check_not_reserved(&tag.tag_key)?;
        check_not_alike(&parsed, &tag.tag_key)?;
        if parsed.insert(tag.tag_key, tag.tag_value).is_some() {
            return Err(KmsError::Tag(TagFault::Duplicate));
        }
    }
    if parsed.len() > TAGS_MAX {
        return Err(KmsError::Tag(TagFault::TooMany));
    }
    Ok(parsed)
}

/// # Errors
/// TagException: `aws:` in any case is AWS's own.
pub(crate) fn check_not_reserved(tag_key: &str) -> Result<(), KmsError> {
    match tag_key.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("aws:") => Err(KmsError::Tag(TagFault::Reserved)),
        Some(_) | None => Ok(()),
    }
}

/// # Errors
/// TagException if another tag has this name in another case.
pub(crate) fn check_not_alike(tags: &Tags, tag_key: &str) -> Result<(), KmsError> {
    match tags.iter().any(|(known, _)| known != tag_key && known.eq_ignore_ascii_case(tag_key)) {
        true => Err(KmsError::Tag(TagFault::Alike)),
        false => Ok(()),
    }
}

/// Whether these tags switch rotation on or change how it goes.
pub(crate) fn sets_rotation(tags: &Tags) -> bool {
    GOVERNING_TAGS.into_iter().any(|tag| tags.find(tag).is_some())
}

/// Whether these tags have public keys published, or end that.
pub(crate) fn sets_publication(tags: &Tags) -> bool {
    tags.find(JWKS_TAG).is_some()
}

/// Puts `tags` on the key in place of those it has, and has its rotation follow the period tag.
///
/// # Errors
/// TagException for too many tags or a period that is none.
pub(crate) fn replace(key: &mut Key, tags: Tags, now: Timestamp) -> Result<(), KmsError> {
    if tags.len() > TAGS_MAX {
        return Err(KmsError::Tag(TagFault::TooMany));
    }
    let days = parse_period_tag(&tags)
        .map_err(|BadPeriod| KmsError::Tag(TagFault::RotationPeriod { days_min: 1 }))?;
    key.check_succession_tags(&tags)?;
    if days.is_some() {
        match (key.origin, &key.multi_region) {
            (Origin::External, _) => return Err(KmsError::Tag(TagFault::Imported)),
            (Origin::Generated, Some(MultiRegion::Replica { primary })) => {
                return Err(KmsError::Tag(TagFault::Replica { primary: primary.clone() }));
            }
            (Origin::Generated, Some(MultiRegion::Primary) | None) => {}
        }
    }
    if days != key.rotation.tag_period_days && !matches!(key.multi_region, Some(MultiRegion::Replica { .. }))
    {
        key.rotation.set_tag_period(days, now);
    }
    key.tags = tags;
    key.check_lead()
}
