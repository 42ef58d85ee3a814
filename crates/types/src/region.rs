//! Regions: which names are served.

use std::fmt;
use std::sync::{Arc, LazyLock};

/// A Region name such as `eu-central-1`. Only a [`RegionSet`] makes one, so a typo cannot hide a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

impl Region {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The commercial AWS Regions (botocore's endpoints and partitions data, partition `aws`).
const AWS_REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// AWS's Regions, made once.
static SHARED: LazyLock<Vec<Region>> = LazyLock::new(|| {
    let mut regions: Vec<Region> = AWS_REGIONS.iter().map(|name| Region(Arc::from(*name))).collect();
    regions.sort_unstable();
    regions
});

/// The Regions a server serves: AWS's own and those the operator adds.
#[derive(Debug, Clone)]
pub struct RegionSet(Vec<Region>);

impl RegionSet {
    /// AWS's Regions and `extra` ones (1 to 64 characters of `[a-z0-9-]`).
    ///
    /// # Errors
    /// The first extra name that is not a Region-like name.
    pub fn with_extra(extra: &[String]) -> Result<Self, String> {
        let mut regions = SHARED.clone();
        for name in extra {
            let fits = (1..=64).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !fits {
                return Err(name.clone());
            }
            regions.push(Region::from_store(name));
        }
        regions.sort_unstable();
        regions.dedup();
        Ok(Self(regions))
    }

    /// The served Region of that name, without allocating.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Region> {
        self.0.binary_search_by(|region| region.as_str().cmp(name)).ok().map(|at| self.0[at].clone())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.0.iter()
    }
}

impl Region {
    /// A name read back from our own store, where only names of a [`RegionSet`] were ever written.
    /// Never call it with text that a client sent.
    #[must_use]
    pub fn from_store(name: &str) -> Self {
        // Rows by the hundred thousand name the same few Regions: they share one text.
        match SHARED.binary_search_by(|region| region.as_str().cmp(name)) {
            Ok(at) => SHARED[at].clone(),
            Err(_) => Self(Arc::from(name)),
        }
    }
}
