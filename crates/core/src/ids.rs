//! Newtypes for the entities of a run. All are dense indices: the n-th user, item, category, ...

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The id as an index into the table of its kind.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id!(
    /// A user: position in the run's list of users, populations one after the other.
    UserId(u32)
);
id!(
    /// An item: position in the [`Catalogue`](crate::Catalogue).
    ItemId(u32)
);
id!(
    /// A category: position in [`Catalogue::categories`](crate::Catalogue::categories).
    CategoryId(u16)
);
id!(
    /// A creator: position in [`Catalogue::creators`](crate::Catalogue::creators).
    CreatorId(u32)
);
id!(
    /// An arm of the experiment: position in the scenario's list of arms.
    ArmId(u16)
);
id!(
    /// A population: position in the scenario's list of populations.
    PopulationId(u16)
);
