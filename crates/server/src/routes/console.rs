//! The built console's files, and the answer for everything that is nowhere else.

use std::path::{Component, Path, PathBuf};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldseal_wire::ProblemCode;

use crate::app::Shared;
use crate::config::Config;
use crate::problem::Failure;

/// Where the built console is: as configured, by `FIELDSEAL_CONSOLE_DIR`, above the executable, or in the working directory.
pub fn folder(config: &Config) -> Option<PathBuf> {
    let built = |folder: &PathBuf| folder.join("index.html").is_file();
    if let Some(folder) = &config.console_dir {
        return Some(folder.clone()).filter(built);
    }
    if let Some(folder) = std::env::var_os("FIELDSEAL_CONSOLE_DIR") {
        return Some(PathBuf::from(folder)).filter(built);
    }
    let executable = std::env::current_exe().ok();
    let above = executable
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .map(|folder| folder.join("ui/console/dist"));
    above.chain([PathBuf::from("ui/console/dist")]).find(built)
}

/// Everything that no route took.
pub async fn serve(State(app): State<Shared>, request: Request) -> Result<Response, Failure> {
    let path = request.uri().path();
    if path.starts_with("/api/") || path.starts_with("/log/") {
        return Err(Failure::new(ProblemCode::NotFound));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Err(Failure::new(ProblemCode::NotFound)
            .status(StatusCode::METHOD_NOT_ALLOWED)
            .detail("not by this method"));
    }
    let Some(folder) = folder(&app.config) else {
        return Ok((
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            NOT_BUILT,
        )
            .into_response());
    };
    let relative = path.trim_start_matches('/');
    if let Some(response) = file(&folder, relative).await {
        return Ok(response);
    }
    // An address of the single page, unless it names a file.
    if relative.contains('.') {
        return Err(Failure::new(ProblemCode::NotFound));
    }
    file(&folder, "index.html")
        .await
        .ok_or(Failure::new(ProblemCode::NotFound))
}

const NOT_BUILT: &str = "The server runs, but the review console has not been built: run `npm run build` in ui/console, \
                         or point FIELDSEAL_CONSOLE_DIR at a built one.\n";

async fn file(folder: &Path, relative: &str) -> Option<Response> {
    let relative = if relative.is_empty() {
        "index.html"
    } else {
        relative
    };
    // Plain names only: nothing climbs out of the folder.
    let path = Path::new(relative);
    if !path
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
        || relative.contains(['\\', '%', '\0'])
    {
        return None;
    }
    let bytes = tokio::fs::read(folder.join(path)).await.ok()?;
    let kind = match path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    // The build puts a digest into the names under assets/.
    let caching = if relative.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Some(
        (
            [
                (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
                (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
            ],
            bytes,
        )
            .into_response(),
    )
}
