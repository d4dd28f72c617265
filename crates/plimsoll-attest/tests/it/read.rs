use plimsoll_attest::{SbomInput, cyclonedx, read, spdx, spdx3};

use crate::cyclonedx::{inventory, rendered};

#[test]
fn what_we_write_we_read() {
    let inventory = inventory();
    for (render, format) in [
        (
            cyclonedx::document as fn(&SbomInput<'_>) -> Vec<u8>,
            "CycloneDX 1.6",
        ),
        (spdx::document, "SPDX 2.3"),
        (spdx3::document, "SPDX 3"),
    ] {
        let bill = read::read(&rendered(render, &inventory, None, Some(0))).unwrap();
        assert_eq!(bill.format, format);
        assert!(bill.digest.is_some(), "{format}");
        assert_eq!(bill.unidentified, ["odd \"name\""]);
        let system = bill.inventory.distribution.unwrap();
        assert_eq!(
            (&*system.id, &*system.version),
            ("debian", "12"),
            "{format}"
        );
        for package in inventory.packages.iter().filter(|p| !p.purl.is_empty()) {
            let read = bill.inventory.packages.iter();
            let mut read = read.filter(|read| read.purl == package.purl);
            let same = read.any(|read| {
                read.name == package.name
                    && read.version == package.version
                    && read.source == package.source
                    && read.path == package.path
                    && read.evidence == package.evidence
            });
            assert!(same, "{format}: {package:?}");
        }
    }
    let bill = read::read(&rendered(cyclonedx::document, &inventory, None, Some(0))).unwrap();
    let six = bill
        .inventory
        .packages
        .iter()
        .find(|package| package.name == "six")
        .unwrap();
    assert_eq!(six.owned_by.as_deref(), Some("python3-six"));
    assert_eq!((six.layer, six.path.as_str()), (1, "lib/six"));
}
