//! Input that nobody wrote, for the tests of what reads files.

/// Marsaglia's xorshift.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(super) fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize
    }

    /// `file`, changed in one to three places.
    pub(super) fn mutate(&mut self, file: &[u8]) -> Vec<u8> {
        let mut file = file.to_vec();
        for _ in 0..=self.next() % 3 {
            // Half of the places lie where most of the structure is.
            let end = if self.next().is_multiple_of(2) { file.len() } else { file.len().min(200) };
            let place = self.next() % end;
            match self.next() % 6 {
                0 => file[place] = self.next() as u8,
                1 => file[place] ^= 1 << (self.next() % 8),
                2 => file[place] = [0, 1, 0x7f, 0x80, 0x84, 0xff][self.next() % 6],
                3 => file.insert(place, self.next() as u8),
                4 => drop(file.remove(place)),
                _ => file[place..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            }
        }
        file
    }
}
