//! The snapshot on disk: whatever lies there, only a bundle that was signed comes back into force, and the generation
//! before serves where the newest is damaged.

use super::genuine::{BYTES, RING, SIGNED, TRUSTED};
use crate::folder::Folder;
use crate::parts::choice;
use data_plane::bundles::Disk;

pub fn run(data: &[u8]) {
    let (kind, data) = choice(data, 4);
    let folder = Folder::new();
    let disk = Disk::open(folder.path().to_owned(), RING.clone()).expect("a snapshot");
    let bytes = &BYTES[1..];
    disk.keep(&SIGNED, bytes, [1; 12]).expect("kept");
    disk.keep(&SIGNED, bytes, [2; 12]).expect("kept again");
    let org = SIGNED.statement.org;
    let now = folder.path().join(format!("{org}.bundle"));
    let damaged = match kind {
        0 => data.to_vec(),
        // Sealed by our own key: the seal says who wrote it, not that it is right.
        1 => RING
            .seal([3; 12], b"portcullis snapshot\n", data)
            .expect("sealed"),
        2 => {
            let mut whole = std::fs::read(&now).expect("the newest");
            for change in data.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % whole.len();
                whole[at] ^= change[2];
            }
            whole
        }
        _ => {
            let whole = std::fs::read(&now).expect("the newest");
            let length = data.first_chunk::<2>().map_or(0, |length| {
                usize::from(u16::from_le_bytes(*length)) % whole.len()
            });
            whole[..length].to_vec()
        }
    };
    std::fs::write(&now, damaged).expect("written");
    assert_eq!(disk.orgs().expect("a folder that can be read").len(), 1);
    let kept = disk.load(SIGNED.statement.org);
    let (signed, bytes_found) = kept.expect("a generation that opens");
    let is_genuine = signed.statement == SIGNED.statement && bytes_found == bytes;
    assert!(is_genuine || bundle::open(&signed, &bytes_found, &TRUSTED).is_err());
    assert!(
        is_genuine || kind == 1,
        "a damaged newest hides the one before"
    );
}
