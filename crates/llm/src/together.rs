//! Many decisions at the same time on one thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Runs futures side by side, at most so many at a time, and gives their results in their order. A future is polled only
/// when it was woken, so the cost does not grow with the square of their number.
pub(crate) async fn together<F: Future>(futures: Vec<F>, most: usize) -> Vec<F::Output> {
    let outer = Arc::new(Outer::default());
    let slots =
        futures.into_iter().map(|future| Slot { future: Some(Box::pin(future)), flag: None }).collect();
    let mut all = Together { slots, results: Vec::new(), started: 0, running: 0, most: most.max(1), outer };
    all.results.resize_with(all.slots.len(), || None);
    std::future::poll_fn(|context| all.poll(context)).await
}

/// Who waits for the whole.
#[derive(Default)]
struct Outer(Mutex<Option<Waker>>);

/// Whether one future was woken.
struct Flag {
    woken: AtomicBool,
    outer: Arc<Outer>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let waker = self.outer.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Slot<F> {
    future: Option<Pin<Box<F>>>,
    flag: Option<Arc<Flag>>,
}

struct Together<F: Future> {
    slots: Vec<Slot<F>>,
    results: Vec<Option<F::Output>>,
    started: usize,
    running: usize,
    most: usize,
    outer: Arc<Outer>,
}

impl<F: Future> Together<F> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Vec<F::Output>> {
        // First, so that a future woken while others are polled wakes this one again.
        *self.outer.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        let mut at = 0;
        loop {
            while self.running < self.most && self.started < self.slots.len() {
                let flag = Flag { woken: AtomicBool::new(true), outer: Arc::clone(&self.outer) };
                self.slots[self.started].flag = Some(Arc::new(flag));
                self.started += 1;
                self.running += 1;
            }
            if at == self.started {
                break;
            }
            self.poll_one(at);
            at += 1;
        }
        if self.running > 0 {
            return Poll::Pending;
        }
        Poll::Ready(std::mem::take(&mut self.results).into_iter().flatten().collect())
    }

    fn poll_one(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let (Some(future), Some(flag)) = (&mut slot.future, &slot.flag) else { return };
        if !flag.woken.swap(false, Ordering::AcqRel) {
            return;
        }
        let waker = Waker::from(Arc::clone(flag));
        if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.results[at] = Some(result);
            slot.future = None;
            self.running -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Is ready after being polled so often.
    async fn after(polls: usize, result: usize, running: &Cell<usize>, highest: &Cell<usize>) -> usize {
        running.set(running.get() + 1);
        highest.set(highest.get().max(running.get()));
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        running.set(running.get() - 1);
        result
    }

    #[test]
    fn results_come_in_order_and_no_more_run_than_may() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for most in [0, 1, 3, 100] {
            let (running, highest) = (Cell::new(0), Cell::new(0));
            let futures = (0..50).map(|at| after(1 + at * 7 % 5, at, &running, &highest)).collect();
            let results = runtime.block_on(together(futures, most));
            assert_eq!(results, (0..50).collect::<Vec<_>>());
            assert_eq!(highest.get(), most.clamp(1, 50));
        }
        assert!(runtime.block_on(together(Vec::<std::future::Ready<u8>>::new(), 4)).is_empty());
    }
}
