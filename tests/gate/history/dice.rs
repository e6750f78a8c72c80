//! Chances from a seed: the same seed, the same course, as far as the machine keeps pace.

/// Good enough for a course of faults.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Dice {
        Dice(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, most: usize) -> usize {
        ((self.next() >> 11) % most as u64) as usize
    }

    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below((to - from) as usize) as u64
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// Others, for somebody else.
    pub fn split(&mut self) -> Dice {
        Dice::of(self.next())
    }
}
