//! The window itself.

use skerry_tests::browser::Browser;
use skerry_tests::desk::Desk;
use skerry_tests::programs::out;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_shows_the_two_ways_in() {
    let desk = Desk::new();
    let window = Browser::window(&desk, "first-start").await;
    window.see("Try it on this computer").await;
    window.see("Register a machine").await;
    window.picture(&out().join("first-start.png")).await;
    window.close().await;
}
