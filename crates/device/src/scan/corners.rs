//! How many corner marks of QR codes a picture shows, counted before the decoder looks: its own search tries every three
//! of them, so that a wall of marks would keep it busy for hours. Counted as the decoder does: along each row, runs of
//! dark, light, dark, light, dark as 1:1:3:1:1, where both outer runs belong to one dark region and the middle to another,
//! smaller one.

use std::collections::HashSet;

/// Dark regions of a picture, by the first of their pixels (4-connected).
struct Regions {
    /// Of each pixel: another of its region nearer to the root, or itself.
    parent: Vec<u32>,
    /// At a root: pixels of the region.
    size: Vec<u32>,
}

impl Regions {
    fn of(width: usize, dark: &[bool]) -> Self {
        let count = u32::try_from(dark.len()).unwrap_or(u32::MAX);
        let mut regions = Self {
            parent: (0..count).collect(),
            size: vec![1; dark.len()],
        };
        for i in 0..dark.len() {
            if !dark[i] {
                continue;
            }
            if i % width > 0 && dark[i - 1] {
                regions.join(i - 1, i);
            }
            if i >= width && dark[i - width] {
                regions.join(i - width, i);
            }
        }
        regions
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] as usize != i {
            // Half of the way is cut off for the next look.
            self.parent[i] = self.parent[self.parent[i] as usize];
            i = self.parent[i] as usize;
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (large, small) = if self.size[a] < self.size[b] {
            (b, a)
        } else {
            (a, b)
        };
        self.parent[small] = large as u32;
        self.size[large] += self.size[small];
    }
}

/// Counts corner marks, up to `most`. `dark` holds whole rows.
pub(super) fn count(width: usize, dark: Vec<bool>, most: usize) -> usize {
    let mut regions = Regions::of(width, &dark);
    let mut claimed = HashSet::new();
    for (y, row) in dark.chunks(width).enumerate() {
        // Lengths of the last runs, and where the newest began; dark and light by turns.
        let mut runs = [0_usize; 5];
        let mut begun = 0;
        let mut changes = 0;
        for x in 1..=width {
            let (before, now) = (row[x - 1], x < width && row[x]);
            if before == now && x < width {
                continue;
            }
            runs.rotate_left(1);
            runs[4] = x - begun;
            begun = x;
            changes += 1;
            if !before || changes < 5 || !is_mark(&runs) {
                continue;
            }
            let at = |back: usize| y * width + x - runs[5 - back..].iter().sum::<usize>();
            let (left, middle, right) = (at(5), at(3), at(1));
            let (ring, stone) = (regions.root(left), regions.root(middle));
            // The middle is nine modules, the ring twenty-four.
            let share = regions.size[stone] * 100 / regions.size[ring];
            if ring == regions.root(right)
                && ring != stone
                && (11..70).contains(&share)
                && !claimed.contains(&ring)
                && !claimed.contains(&stone)
            {
                claimed.extend([ring, stone]);
                if claimed.len() >= 2 * most {
                    return most;
                }
            }
        }
    }
    claimed.len() / 2
}

fn is_mark(runs: &[usize; 5]) -> bool {
    let unit = (runs[0] + runs[1] + runs[3] + runs[4]) / 4;
    let slack = unit * 3 / 4;
    runs.iter()
        .zip([1, 1, 3, 1, 1])
        .all(|(run, times)| (times * unit - slack..=times * unit + slack).contains(run))
}
