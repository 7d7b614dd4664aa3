//! What reward models read of a request and a slate: public counters and the user's own reactions, nothing privileged.

use habitue_core::{HistoryEntry, ItemId, Request, World};

/// Features that every catalogue gives: the constant, four of the user and the session, eight of the slate.
pub const CONTEXT_WIDTH: usize = 13;

/// The largest catalogue whose items have a feature each.
pub const NAMED_ITEMS: usize = 32;

/// The features of a catalogue of a certain size.
///
/// | feature | what |
/// |---|---|
/// | 0 | 1 |
/// | 1 | turn of the session, at most 20, over 10 |
/// | 2 | logarithm of 1 + the number of known reactions, over 4 |
/// | 3 | share of these that are engagements |
/// | 4 | reactions to what was shown before in this session, as a share of it |
/// | 5, 6 | sum over positions of the items' engagement rate `(e + 1) / (n + 4)`, plain and discounted |
/// | 7, 8 | sum of the shares of the user's engagements in the items' categories, plain and discounted |
/// | 9 | sum of the items' popularity |
/// | 10 | number of items the user has reacted to before |
/// | 11 | engagement rate of the first item |
/// | 12 | sum of engagement rate times share of engagements |
/// | 13.. | with at most [`NAMED_ITEMS`] items: the discount of the position at which each stands, else 0 |
///
/// The discount of position `l`, from 1, is `1 / log2(l + 1)` (Järvelin and Kekäläinen, 2002). All of slates are sums over
/// positions, so that a linear model of their mean is the mean of a linear model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureMap {
    named: usize,
}

impl FeatureMap {
    /// The features for a catalogue of this many items.
    pub const fn new(items: usize) -> Self {
        Self { named: if items <= NAMED_ITEMS { items } else { 0 } }
    }

    /// Number of features.
    pub const fn width(self) -> usize {
        CONTEXT_WIDTH + self.named
    }

    /// What a request gives, once for all slates that may answer it.
    pub fn asked<'a>(self, world: &'a World<'a>, request: &'a Request<'a>) -> Asked<'a> {
        let is_engaged = |entry: &&HistoryEntry| world.scale.is_engaged(entry.action);
        let engaged: Vec<ItemId> =
            request.history.iter().filter(is_engaged).map(|entry| entry.item).collect();
        let reactions = request.history.len() as f32;
        let mut context = [0.0; CONTEXT_WIDTH];
        context[0] = 1.0;
        context[1] = request.turn.min(20) as f32 / 10.0;
        context[2] = reactions.ln_1p() / 4.0;
        context[3] = engaged.len() as f32 / reactions.max(1.0);
        let in_session = request.history.iter().filter(|entry| request.shown.contains(&entry.item)).count();
        context[4] = (in_session as f32 / request.shown.len().max(1) as f32).min(1.0);
        Asked { map: self, world, request, engaged, context }
    }
}

/// A request, ready for the features of slates.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    map: FeatureMap,
    world: &'a World<'a>,
    request: &'a Request<'a>,
    /// The items of the history that were engaged with.
    engaged: Vec<ItemId>,
    /// The features that no slate changes; the rest is 0.
    context: [f32; CONTEXT_WIDTH],
}

impl Asked<'_> {
    /// Adds `share` of the features of a slate to `out`, of shape `(width,)`.
    pub fn add(&self, slate: &[ItemId], share: f32, out: &mut [f32]) {
        let mut own = self.context;
        for (position, item) in slate.iter().enumerate() {
            let discount = 1.0 / (position as f32 + 2.0).log2();
            let counters = self.world.stats.get(*item);
            let rate = (counters.engagements as f32 + 1.0) / (counters.impressions as f32 + 4.0);
            let liking = self.liking(*item);
            let known = self.request.history.iter().any(|entry| entry.item == *item);
            own[5] += rate;
            own[6] += rate * discount;
            own[7] += liking;
            own[8] += liking * discount;
            own[9] += self.world.stats.popularity(*item);
            own[10] += f32::from(u8::from(known));
            own[11] += if position == 0 { rate } else { 0.0 };
            own[12] += rate * liking;
            if item.index() < self.map.named {
                out[CONTEXT_WIDTH + item.index()] += share * discount;
            }
        }
        out.iter_mut().zip(own).for_each(|(out, own)| *out += share * own);
    }

    /// Share of the items engaged with that have a category in common with this one.
    fn liking(&self, item: ItemId) -> f32 {
        let categories = |item: ItemId| &self.world.catalogue.item(item).categories;
        let own = categories(item);
        let alike = |other: &&ItemId| categories(**other).iter().any(|category| own.contains(category));
        self.engaged.iter().filter(alike).count() as f32 / self.engaged.len().max(1) as f32
    }
}
