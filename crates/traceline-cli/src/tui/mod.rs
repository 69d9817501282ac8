//! The interface for a terminal: a list of units, a filter, and what one of them is about.

mod draw;
mod model;
mod styled;

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEventKind};

use crate::app::Ended;
use crate::args::Args;
use crate::index::Index;
use crate::source::Source;
use crate::world::World;
pub use model::Model;

/// Whether the terminal has to be put back as it was.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Shows the units until the user has seen enough.
///
/// # Errors
///
/// If there is no terminal, or it fails.
pub fn run(args: &Args, index: &Index, sources: &[Source], world: &World) -> Ended {
    if !io::stdout().is_terminal() {
        return Err("-i needs a terminal".into());
    }
    let mut model = Model::new(args, index, sources, world.color);
    let mut terminal = ratatui::try_init().map_err(|error| format!("-i: {error}"))?;
    ACTIVE.store(true, Ordering::SeqCst);
    let mut look_around = || -> io::Result<()> {
        while !model.has_quit() {
            terminal.draw(|frame| draw::draw(&mut model, frame))?;
            // A filter at work goes on as soon as no key waits.
            let patience = match model.is_busy() {
                true => Duration::ZERO,
                false => Duration::from_secs(3_600),
            };
            match event::poll(patience)? {
                true => {
                    if let Event::Key(key) = event::read()?
                        && key.kind != KeyEventKind::Release
                    {
                        model.key(key);
                    }
                }
                false => model.work(),
            }
        }
        Ok(())
    };
    let looked = look_around();
    restore();
    looked.map_err(|error| format!("-i: {error}"))?;
    Ok(0)
}

/// Puts the terminal back as it was, if that is necessary.
pub(crate) fn restore() {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        ratatui::restore();
    }
}

#[cfg(test)]
mod tests;
