//! What a page looks like: on which screen, in which colours, and as a picture.

use super::{Tab, text};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use std::{fs, path::PathBuf};

/// The screens on which pages are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// 390 by 844, two dots per pixel.
    Phone,
    /// 1440 by 900.
    Desktop,
}

/// What the user prefers (`prefers-color-scheme`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

impl Tab<'_> {
    /// Shows the page on this screen, in this scheme, from now on.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub fn show_on(&self, screen: Screen, scheme: Scheme) {
        let metrics = match screen {
            Screen::Phone => {
                json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true })
            }
            Screen::Desktop => {
                json!({ "width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": false })
            }
        };
        self.ask("Emulation.setDeviceMetricsOverride", &metrics);
        let value = match scheme {
            Scheme::Dark => "dark",
            Scheme::Light => "light",
        };
        let feature = json!({ "name": "prefers-color-scheme", "value": value });
        self.ask("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// Draws the first screen of the page as a PNG into the directory that `SCREENSHOTS` names; without
    /// one, nothing.
    ///
    /// # Panics
    /// When it cannot be drawn or written.
    pub fn draw(&self, file: &str) {
        let directory = std::env::var_os("SCREENSHOTS").filter(|it| !it.is_empty());
        let Some(directory) = directory.map(PathBuf::from) else { return };
        let drawn = self.ask("Page.captureScreenshot", &json!({ "format": "png" }));
        let picture = BASE64_STANDARD.decode(text(&drawn, "/data")).expect("a picture");
        fs::write(directory.join(file), picture).expect("the directory can be written to");
    }
}
