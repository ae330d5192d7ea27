use rustls::crypto::CryptoProvider;

#[test]
fn a_provider_is_there_after_installing_and_stays_when_installed_again() {
    super::install_crypto();
    let first = CryptoProvider::get_default().expect("installed").clone();
    super::install_crypto();
    let second = CryptoProvider::get_default().expect("still installed");
    assert!(std::sync::Arc::ptr_eq(&first, second));
}
