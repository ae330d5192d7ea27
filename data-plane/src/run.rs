//! The running process: snapshot in force, feed followed, records shipped, calls answered; and its end, in order.

use crate::budget::{Budget, Fills, Settings, Watch};
use crate::bundles::{ControlPlane, Disk, Fetcher, Holder, Listener, Parts};
use crate::call_path::{self, HeldCalls};
use crate::config::Config;
use crate::front::{self, Entrance};
use crate::gateway::Gateway;
use crate::lists::Seen;
use crate::meter::{Bundles, Meter, Taken};
use crate::record::books::Books;
use crate::record::{self, Recorder, SpoolOptions, post};
use crate::relay::{Aside, Standing};
use crate::seats::Seats;
use crate::upstream::meter as upstream_meter;
use crate::upstream::pool::{self, Upstreams};
use crate::upstream::session::Seals;
use anyhow::Context;
use bundle::feed::LimiterKind;
use egress::{Egress, Lookup};
use host::clock::{Clock, Random};
use host::metrics::Metrics;
use host::stop::Stop;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// After the last call has ended, its record is given this long to reach the control plane; the rest waits on disk.
const LAST_RECORDS: Duration = Duration::from_secs(5);
/// A start waits no longer for what was taken back.
const FIRST_NEWS: Duration = Duration::from_secs(2);

pub async fn run(config: Config, clock: Clock, random: Random, stop: Stop) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    let metrics = Metrics::new("data-plane");
    let spool = SpoolOptions::new(config.state_dir.join("spool"));
    let now: record::Clock = Arc::new({
        let clock = clock.clone();
        move || clock.unix_ms()
    });
    let recorder = Recorder::open(spool, now.clone())?;
    let meter = Meter::default();
    metrics.register(|registry| {
        recorder.register(registry);
        meter.register(registry);
    });

    let link = ControlPlane::new(
        config.control_plane_url.clone(),
        config.keys.gateway_signing_pem.expose(),
        config.replica.clone(),
        clock.clone(),
    )?;
    let strict = recorder.acknowledger(&config.replica, post::over(link.clone()));
    let shipper = recorder.shipper(&config.replica, post::over(link.clone()));
    let holder = Arc::new(Holder::default());
    let fetcher = fetcher(
        &config,
        (link.clone(), holder.clone(), recorder.clone()),
        &clock,
        &random,
    )?;
    let budget = budget(&config, &link, &recorder, &fetcher).await;
    let made = (
        holder,
        link,
        (budget, fetcher.fills()),
        recorder.clone(),
        meter,
    );
    let gateway = Arc::new(gateway(&config, made, &clock, random, &stop)?);
    watch(&metrics, &gateway, &clock);

    let restored = fetcher.start_from_disk()?;
    tracing::info!(restored, "snapshot in force");
    let mut news = Listener::new(gateway.budget.clone(), gateway.holder.clone());
    // What was taken back while this was away counts from the first call on, if Redis says so in time.
    let _ = tokio::time::timeout(FIRST_NEWS, news.catch_up()).await;
    if let Some(listen) = config.metrics_listen {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} for metrics"))?;
        tokio::spawn(host::metrics::serve_on(listener, metrics, stop.clone()));
    }
    let all_sent = shipper.drained();
    let shipping = CancellationToken::new();
    let ships = tokio::spawn(shipper.run(shipping.clone()));
    let mut beside = JoinSet::new();
    beside.spawn(strict.run());
    beside.spawn({
        let fetcher = fetcher.clone();
        async move { fetcher.follow().await }
    });
    if gateway.budget.reachable().is_some() {
        beside.spawn(news.listen());
    }
    beside.spawn({
        let fetcher = fetcher.clone();
        async move { fetcher.report().await }
    });
    beside.spawn(pool::keep_swept(gateway.clone()));
    tracing::info!(listen = %config.listen, replica = config.replica, "ready");
    let service = service_fn({
        let stop = stop.clone();
        move |request| answer(gateway.clone(), fetcher.clone(), stop.clone(), request)
    });
    let limits = config.limits.serve;
    let drained = host::serve::serve(listener, limits, stop, service).await;
    tracing::info!(cut = drained.cut, "no more calls");
    beside.abort_all();
    if let Err(closed) = recorder.flush().await {
        tracing::error!(%closed, "the spool was not flushed");
    }
    let _ = tokio::time::timeout(LAST_RECORDS, all_sent).await;
    shipping.cancel();
    ships.await?;
    Ok(())
}

/// Where limits are counted.
async fn budget(
    config: &Config,
    link: &ControlPlane,
    recorder: &Recorder,
    fetcher: &Fetcher,
) -> Budget {
    let Some(address) = config.redis.clone() else {
        tracing::warn!(
            "no Redis is configured: limits are counted in this process, so let it be the only replica"
        );
        return Budget::in_memory();
    };
    let settings = Settings {
        timeout: config.redis_timeout,
        slow: config.redis_timeout.mul_f64(0.8),
        ..Settings::default()
    };
    let books = Arc::new(Books {
        control_plane: link.clone(),
        recorder: recorder.clone(),
    });
    Budget::connect(address, settings, fetcher.fleet(), books).await
}

/// Shows in numbers what the gateway holds.
fn watch(metrics: &Metrics, gateway: &Arc<Gateway>, clock: &Clock) {
    metrics.register(|registry| {
        registry.register_collector(Box::new(Watch(gateway.budget.clone())));
        registry.register_collector(Box::new(upstream_meter::Watch(gateway.clone())));
        registry.register_collector(Box::new(Taken(gateway.seats.clone())));
        registry.register_collector(Box::new(Bundles {
            holder: gateway.holder.clone(),
            clock: clock.clone(),
        }));
    });
}

/// Follows the control plane, with what it needs to believe and keep what comes.
fn fetcher(
    config: &Config,
    (link, holder, recorder): (ControlPlane, Arc<Holder>, Recorder),
    clock: &Clock,
    random: &Random,
) -> anyhow::Result<Fetcher> {
    let limiter = if config.redis.is_some() {
        LimiterKind::Shared
    } else {
        LimiterKind::Memory
    };
    let parts = Parts {
        link,
        holder,
        disk: Disk::open(
            config.state_dir.join("snapshot"),
            config.keys.snapshot.clone(),
        )?,
        keys: config.keys.bundle_verify.clone(),
        address: config.public_url.clone(),
        limiter,
        recorder,
    };
    Ok(Fetcher::new(parts, clock.clone(), random.clone()))
}

/// What every call is given.
fn gateway(
    config: &Config,
    (holder, control_plane, (budget, fills), recorder, meter): (
        Arc<Holder>,
        ControlPlane,
        (Budget, Arc<Fills>),
        Recorder,
        Meter,
    ),
    clock: &Clock,
    random: Random,
    stop: &Stop,
) -> anyhow::Result<Gateway> {
    let (seats, aside) = (Seats::new(config.limits.seats), Aside::start()?);
    Ok(Gateway {
        replica: config.replica.clone(),
        holder,
        control_plane,
        budget,
        fills,
        recorder,
        entrance: Entrance::new(
            config.listen.ip(),
            &config.public_url,
            &config.allowed_hosts,
            &config.allowed_origins,
        ),
        intake: config.limits.intake,
        seats: seats.clone(),
        upstreams: Upstreams::new(
            Egress::new(config.egress_allow.clone()),
            config.keys.credentials.clone(),
            Lookup::system(),
            seats,
            aside.clone(),
        ),
        seals: Seals::new(config.keys.session.clone()),
        pepper: config.keys.pepper.clone(),
        at_rest: config.keys.credentials.clone(),
        seen: Seen::default(),
        standing: Standing::default(),
        held: HeldCalls::default(),
        aside,
        meter,
        clock: clock.clone(),
        random,
        stop: stop.clone(),
    })
}

async fn answer(
    gateway: Arc<Gateway>,
    fetcher: Fetcher,
    stop: Stop,
    request: Request<Incoming>,
) -> Result<Response<front::Body>, Infallible> {
    let plain = |status: StatusCode| {
        let mut response = Response::new(front::full(""));
        *response.status_mut() = status;
        response
    };
    Ok(match request.uri().path() {
        "/healthz" => plain(StatusCode::OK),
        "/readyz" if fetcher.is_ready() && gateway.recorder.is_open() && !stop.is_stopped() => {
            plain(StatusCode::OK)
        }
        "/readyz" => plain(StatusCode::SERVICE_UNAVAILABLE),
        _ => call_path::answer(&gateway, request).await,
    })
}
