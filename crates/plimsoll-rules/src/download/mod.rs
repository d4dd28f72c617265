//! Rules on what is fetched, and on whether it is what was meant, one file each.

use crate::declare::rules;

pub(crate) mod fetch;

rules! {
    add_url_without_checksum::AddUrlWithoutChecksum,
    clear_text_download::ClearTextDownload,
    curl_without_fail::CurlWithoutFail,
    curl_without_location::CurlWithoutLocation,
    download_without_retry::DownloadWithoutRetry,
    floating_git_clone::FloatingGitClone,
    package_signature_unchecked::PackageSignatureUnchecked,
    piped_download::PipedDownload,
    tls_verification_off::TlsVerificationOff,
    two_downloaders::TwoDownloaders,
    unverified_download::UnverifiedDownload,
    wget_progress_noise::WgetProgressNoise,
}
