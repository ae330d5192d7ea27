//! A map that remembers at least its last `N` keys and at most twice as many, at constant cost.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(super) struct Recent<K, V, const N: usize> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V, const N: usize> Recent<K, V, N> {
    pub fn new() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub fn take(&mut self, key: &K) -> Option<V> {
        let older = self.old.remove(key);
        self.young.remove(key).or(older)
    }

    /// Answers what was known before.
    pub fn put(&mut self, key: K, value: V) -> Option<V> {
        if self.young.len() >= N && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        let older = self.old.remove(&key);
        self.young.insert(key, value).or(older)
    }
}
