use habitue_core::{
    ItemId, PastInteraction, Policy, PolicyError, Purpose, Request, Slate, SlateItem, Streams, Turn, UserId,
    World, turn_counter,
};
use rand::RngExt;

/// Shows the items with the most engagements so far, but one position at random. What it shows depends on all it was
/// told and when: it would show another engine's mistakes.
pub struct Counter {
    batch: usize,
    learns: bool,
    counts: Vec<u32>,
    windows: u64,
    turns: u64,
    /// Best first, of the items available at the last window's end.
    best: Vec<ItemId>,
}

impl Counter {
    pub fn new(
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
        batch: usize,
        learns: bool,
    ) -> Self {
        let mut counter = Self { batch, learns, counts: Vec::new(), windows: 0, turns: 0, best: Vec::new() };
        for past in history.iter().flat_map(|(_, past)| *past) {
            counter.count(past.item);
        }
        counter.rank(world);
        counter
    }

    fn count(&mut self, item: ItemId) {
        self.counts.resize(self.counts.len().max(item.index() + 1), 0);
        self.counts[item.index()] += 1;
    }

    fn rank(&mut self, world: &World<'_>) {
        self.best = world.available.to_vec();
        let count = |item: &ItemId| self.counts.get(item.index()).copied().unwrap_or(0);
        self.best.sort_by_key(|item| (std::cmp::Reverse(count(item)), *item));
    }

    fn slate(&self, world: &World<'_>, request: &Request<'_>, streams: Streams) -> Slate {
        let counter = turn_counter(request.session, request.turn);
        let mut stream = streams.stream(Purpose::Exploration, u64::from(request.user.0), counter);
        let fresh: Vec<ItemId> =
            self.best.iter().copied().filter(|item| !request.shown.contains(item)).collect();
        let pool = if fresh.len() >= request.size { fresh } else { self.best.clone() };
        assert_eq!(self.best.len(), world.available.len(), "ranked for the world it serves");
        let size = request.size.min(pool.len());
        let mut slate = Slate::certain(pool[..size].iter().copied());
        let rest = &pool[size - 1..];
        let last = rest[stream.random_range(0..rest.len())];
        let propensity = 1.0 / rest.len() as f32;
        slate.items[size - 1] = SlateItem { item: last, propensity };
        slate.log_propensity = f64::from(propensity).ln();
        slate
    }
}

impl Policy for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        Ok(requests.iter().map(|request| self.slate(world, request, streams)).collect())
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        assert!(turns.is_sorted_by_key(|turn| (turn.user, turn.session, turn.turn)));
        self.turns += turns.len() as u64;
        for impression in turns.iter().flat_map(|turn| &turn.impressions) {
            if self.learns && world.scale.is_engaged(impression.action) {
                self.count(impression.item);
            }
        }
        Ok(())
    }

    fn end_window(&mut self, world: &World<'_>, _: Streams) -> Result<(), PolicyError> {
        self.windows += 1;
        self.rank(world);
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        Ok(postcard::to_stdvec(&(&self.counts, self.windows, self.turns, &self.best)).unwrap())
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        (self.counts, self.windows, self.turns, self.best) = postcard::from_bytes(snapshot)
            .map_err(|error| PolicyError { policy: "counter".into(), message: error.to_string() })?;
        Ok(())
    }

    fn updates(&self) -> u64 {
        self.windows
    }
}
