//! WebSocket conformance.
mod echo;

#[actix_web::test]
async fn serve() {
    let address = echo::start(9901);
    println!("{address}");
    std::future::pending::<()>().await
}
