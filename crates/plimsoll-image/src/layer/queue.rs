//! A bounded queue from one thread to another. Who waits sleeps: the standard library's channel
//! spins and yields first, which takes the processor from the thread that is waited for. And who
//! sleeps is woken for half a queue at once: switching between threads for every item costs more
//! than having it a little later.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A queue of `depth` items at most, by its two ends. Either end may be dropped at any time.
pub(super) fn queue<T>(depth: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            items: VecDeque::with_capacity(depth),
            ended: false,
            is_full: false,
            is_empty: false,
        }),
        depth,
        filled: Condvar::new(),
        emptied: Condvar::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

struct Shared<T> {
    state: Mutex<State<T>>,
    depth: usize,
    /// An item came, or the sender went.
    filled: Condvar,
    /// There is room for some more, or the receiver went.
    emptied: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    /// One of the ends is gone.
    ended: bool,
    /// The sender sleeps until there is room. Telling one who is awake is a call of the kernel all
    /// the same.
    is_full: bool,
    /// The receiver sleeps until there are items.
    is_empty: bool,
}

impl<T> Shared<T> {
    /// Items, or room for items, for which whoever sleeps is woken.
    fn half(&self) -> usize {
        (self.depth / 2).max(1)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where items go in.
pub(super) struct Sender<T>(Arc<Shared<T>>);

impl<T> Sender<T> {
    /// Puts an item in, when there is room. Gives it back where nobody will take it out.
    pub(super) fn send(&self, item: T) -> Result<(), T> {
        let mut state = self.0.lock();
        while state.items.len() >= self.0.depth && !state.ended {
            state.is_full = true;
            state = self
                .0
                .emptied
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.ended {
            return Err(item);
        }
        state.items.push_back(item);
        let is_enough = state.is_empty && state.items.len() >= self.0.half();
        state.is_empty &= !is_enough;
        drop(state);
        if is_enough {
            self.0.filled.notify_one();
        }
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.filled.notify_one();
    }
}

/// Where items come out, in order.
pub(super) struct Receiver<T>(Arc<Shared<T>>);

impl<T> Receiver<T> {
    /// The next item, when there is one; none when the sender is gone and all are out.
    pub(super) fn receive(&self) -> Option<T> {
        let mut state = self.0.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                let is_room = state.is_full && state.items.len() <= self.0.depth - self.0.half();
                state.is_full &= !is_room;
                drop(state);
                if is_room {
                    self.0.emptied.notify_one();
                }
                return Some(item);
            }
            if state.ended {
                return None;
            }
            state.is_empty = true;
            state = self
                .0
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        let items = std::mem::take(&mut state.items);
        drop(state);
        self.0.emptied.notify_one();
        drop(items);
    }
}

#[cfg(test)]
mod tests {
    use super::queue;

    #[test]
    fn items_come_in_order_and_none_is_lost() {
        for depth in 1..=5 {
            let (sender, receiver) = queue(depth);
            std::thread::scope(|scope| {
                scope.spawn(move || {
                    for item in 0..10_000 {
                        sender.send(item).expect("the receiver is there");
                    }
                });
                let received: Vec<i32> = std::iter::from_fn(|| receiver.receive()).collect();
                assert!(received.into_iter().eq(0..10_000));
            });
        }
    }

    #[test]
    fn a_sender_that_waits_is_told_that_nobody_takes() {
        let (sender, receiver) = queue(2);
        std::thread::scope(|scope| {
            let sent =
                scope.spawn(move || (0..3).map(|item| sender.send(item)).collect::<Vec<_>>());
            assert_eq!(receiver.receive(), Some(0));
            drop(receiver);
            let sent = sent.join().expect("it does not panic");
            assert_eq!(sent[0], Ok(()));
        });
    }

    #[test]
    fn what_was_sent_comes_out_though_the_sender_is_gone() {
        let (sender, receiver) = queue(3);
        sender.send('a').expect("there is room");
        sender.send('b').expect("there is room");
        drop(sender);
        assert_eq!(receiver.receive(), Some('a'));
        assert_eq!(receiver.receive(), Some('b'));
        assert_eq!(receiver.receive(), None);
    }
}
