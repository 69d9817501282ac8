//! A unit and its hub: how it hands itself out, and how it takes in what comes back.

use std::borrow::Cow;
use std::sync::Arc;

use crate::unit::store::hub::News;
use crate::unit::{Entry, UnitHub};

impl Entry {
    /// Returns the hub of this unit, which is made when first asked for.
    pub(crate) fn own_hub(&self) -> &Arc<UnitHub> {
        self.hub.get_or_init(|| {
            let hub = UnitHub::new(&self.settings, self.start, &self.origin);
            if let Some(outer) = &self.outer {
                hub.set_outer(outer);
            }
            self.publish_to(&hub);
            if let Some(token) = self.token {
                hub.set_token(token);
            }
            Arc::new(hub)
        })
    }

    /// Returns the hub of the unit that this entry belongs to.
    #[inline]
    pub(crate) fn home_or_hub(&self) -> &Arc<UnitHub> {
        self.home.as_ref().unwrap_or_else(|| self.own_hub())
    }

    /// Returns the name of the unit that this entry belongs to.
    pub(crate) fn unit_name(&self) -> &Cow<'static, str> {
        self.home
            .as_ref()
            .map_or(&self.origin.name, |home| &home.name)
    }

    pub(crate) fn is_part(&self) -> bool {
        self.home.is_some()
    }

    /// Returns whether others wrote to this unit since it last looked.
    #[inline]
    pub(crate) fn has_news(&self) -> bool {
        self.hub.get().is_some_and(|hub| hub.has_news())
    }

    /// Merges what others wrote.
    #[inline]
    pub(crate) fn catch_up(&mut self) {
        if self.has_news() {
            self.merge_news();
        }
    }

    #[cold]
    fn merge_news(&mut self) {
        if let Some(hub) = self.hub.get() {
            let news = hub.take_news();
            self.merge_all(news);
        }
    }

    fn merge_all(&mut self, news: News<Entry>) {
        for (lap_id, at) in news.stops {
            self.stop_lap_at(lap_id, at);
        }
        if let Some(part) = news.part {
            let mut free = self.merge(part, true);
            free.shrink();
            if let Some(hub) = self.hub.get() {
                hub.keep(free);
            }
        }
    }

    /// Returns a copy with what others wrote, for a reader that may not change the
    /// unit.
    #[cold]
    pub(crate) fn caught_up(&self) -> Box<Entry> {
        // Made before the copy, or that would have a hub, and ids, of its own.
        self.home_or_hub();
        let mut copy = Box::new(self.clone());
        copy.share_ids(false);
        copy.hub.take();
        if let Some(hub) = self.hub.get() {
            let news = hub.copy_news();
            copy.merge_all(news);
        }
        copy
    }

    /// Ends the unit for its parts: merges those that are back and counts the others.
    /// Returns whether the unit was discarded. A unit inside that goes on would have to name
    /// one without ids, so ids are made if `others_go_on`.
    #[inline]
    pub(crate) fn close_hub(&mut self, others_go_on: bool) -> bool {
        !self.is_alone() && self.close_used_hub(others_go_on)
    }

    #[cold]
    fn close_used_hub(&mut self, others_go_on: bool) -> bool {
        // For those who go on inside, and for sampling by the ids of the transaction, before
        // the way to them is gone.
        let samples = self.outer.is_some() && self.settings.sampling.is_some();
        let has_inside = self.hub.get().is_some_and(|hub| hub.has_inside());
        let make = samples || others_go_on && has_inside;
        self.share_ids(make);
        if let Some(outer) = self.outer.take() {
            outer.uncount_inside();
        }
        let Some((news, lost_parts, is_discarded)) = self.hub.get().map(|hub| hub.close()) else {
            return false;
        };
        self.lost_parts = lost_parts;
        if let Some(hub) = self.hub.get_mut().and_then(Arc::get_mut) {
            hub.let_go();
        }
        self.merge_all(news);
        is_discarded
    }

    /// Prepares the hub for the entry's next unit, or leaves it to those who hold it.
    #[cold]
    pub(super) fn renew_hub(&mut self) {
        self.lost_parts = 0;
        if let Some(hub) = self.hub.get_mut() {
            match Arc::get_mut(hub) {
                Some(hub) => hub.renew(&self.settings, self.start, &self.origin),
                None => _ = self.hub.take(),
            }
        }
    }
}
