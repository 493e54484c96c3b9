//! The moment at which the device has done something, to be awaited: callbacks of the device set it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Pending until [`Arrival::announce`]. Clones share it; the last to be polled is woken.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrival(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    there: bool,
    waiting: Option<Waker>,
}

impl Arrival {
    /// Says that it has come, and wakes who waits.
    pub(super) fn announce(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.there = true;
        let waiting = state.waiting.take();
        // Whoever is woken may look at once.
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl Future for Arrival {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.there {
            return Poll::Ready(());
        }
        state.waiting = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiters_are_woken_by_the_announcement_and_by_nothing_else() {
        let arrival = Arrival::default();
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut arrival.clone()).poll(&mut context).is_pending());
        let other = arrival.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            other.announce();
        });
        // Blocks until woken: without the waker it would never return.
        pollster::block_on(arrival.clone());
        thread.join().unwrap();
        assert!(Pin::new(&mut arrival.clone()).poll(&mut context).is_ready());
    }
}
