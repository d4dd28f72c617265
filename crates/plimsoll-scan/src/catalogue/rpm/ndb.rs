//! rpm's own database, `Packages.db`: pages of slots, each leading to the header of one package
//! (described by rpm's source only, `lib/backend/ndb/rpmpkg.cc`). Numbers are little endian.

/// How the file begins: `RpmP`.
pub(super) const MAGIC: &[u8] = b"RpmP";

const SLOT: &[u8] = b"Slot";
const BLOB: &[u8] = b"BlbS";

/// Bytes of a page of slots.
const PAGE: usize = 4_096;
/// Bytes of a slot, of a block, of the head of a blob: all the same.
const UNIT: usize = 16;
/// The file's own header takes the place of two slots.
const FIRST_SLOT: usize = 2;

/// Calls `header` with each package.
///
/// # Errors
/// What is wrong with the first thing that is; all that can be read is given all the same.
pub(super) fn packages(bytes: &[u8], header: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    if number_at(bytes, 4) != Some(0) {
        return Err("it has a version of the format that is not known".to_owned());
    }
    let slots = number_at(bytes, 12)
        .and_then(|pages| bytes.get(FIRST_SLOT * UNIT..PAGE.checked_mul(pages as usize)?))
        .ok_or("it ends before its slots do")?;
    let mut failure = Ok(());
    // What all blobs claim together: they may not overlap to become more than the file.
    let mut claimed = 0;
    for slot in slots.chunks_exact(UNIT) {
        let package = number_at(slot, 4);
        let result = if !slot.starts_with(SLOT) {
            Err("a slot is broken".to_owned())
        } else if package == Some(0) {
            Ok(())
        } else {
            match blob(bytes, slot) {
                Some(blob) if claimed + blob.len() <= bytes.len() => {
                    claimed += blob.len();
                    header(blob);
                    Ok(())
                }
                _ => Err(format!(
                    "the header of package number {} is broken",
                    package.unwrap_or_default()
                )),
            }
        };
        failure = failure.and(result);
    }
    failure
}

fn blob<'a>(bytes: &'a [u8], slot: &[u8]) -> Option<&'a [u8]> {
    let start = (number_at(slot, 8)? as usize).checked_mul(UNIT)?;
    let (head, rest) = bytes.get(start..)?.split_at_checked(UNIT)?;
    let own = head.starts_with(BLOB) && number_at(head, 4) == number_at(slot, 4);
    own.then_some(rest.get(..number_at(head, 12)? as usize)?)
}

fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A database of one page of slots.
    pub(in crate::catalogue::rpm) fn database(blobs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [0_u32, 1, 1, 9, 0, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        let mut content = Vec::new();
        for index in 0..PAGE / UNIT - FIRST_SLOT {
            bytes.extend(SLOT);
            let Some(blob) = blobs.get(index) else {
                bytes.extend([0; 12]);
                continue;
            };
            let package = u32::try_from(index + 1).unwrap();
            let at = u32::try_from((PAGE + content.len()) / UNIT).unwrap();
            content.extend(BLOB);
            for number in [package, 1, u32::try_from(blob.len()).unwrap()] {
                content.extend(number.to_le_bytes());
            }
            content.extend(blob);
            // Checksum, length and `BlbE`; then up to a whole block.
            content.resize((content.len() + 12).next_multiple_of(UNIT), 0);
            let blocks = u32::try_from((PAGE + content.len()) / UNIT).unwrap() - at;
            for number in [package, at, blocks] {
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes.extend(content);
        bytes
    }

    #[test]
    fn slots_lead_to_headers() {
        let mut bytes = database(&[vec![1; 100], vec![2; 7]]);
        let mut found = Vec::new();
        assert_eq!(packages(&bytes, &mut |blob| found.push(blob.len())), Ok(()));
        assert_eq!(found, [100, 7]);
        // The first slot leads nowhere; the second is read all the same.
        bytes[FIRST_SLOT * UNIT + 8] = 0xff;
        found.clear();
        assert!(packages(&bytes, &mut |blob| found.push(blob.len())).is_err());
        assert_eq!(found, [7]);
        assert!(packages(b"RpmP", &mut |_| {}).is_err());
    }
}
