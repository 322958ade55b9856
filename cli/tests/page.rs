//! The page `/_coldmoon` in a real browser: Debian's chromium, headless. Pictures of it are left in `target/page/`.

mod support;

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::browser::Browser;
use support::served::Served;
use support::{skip, target_folder};

const APP: &str = r#"
local coldmoon = require "coldmoon"
local http = require "coldmoon.http"
local app = http.router()
app:get("/hello", function(request)
  print("greeting " .. (request.query.name or "world"))
  return { body = { message = "Hello, " .. (request.query.name or "world") } }
end)
app:get("/fail", function(request)
  local user = nil
  return user.name
end)
app:get("/slow", function()
  return coldmoon.stream(function(write)
    write("first part, ")
    -- Until the test has seen it. Names that begin with a dot are no reason to load anything again.
    for _ = 1, 1000 do
      if io.open(".seen") then break end
      coldmoon.sleep(20)
    end
    write("second part")
  end, { content_type = "text/plain" })
end)
return { handler = function(event, context)
  if event.requestContext and event.requestContext.http then return app(event, context) end
  print("got " .. require "coldmoon.json".encode(event))
  if event.fail then error(event.fail) end
  return { got = event }
end }
"#;

/// A server and a browser; `None` where there is no browser.
fn both() -> Option<(Served, Browser)> {
    let browser = Browser::start();
    if browser.is_none() {
        skip("there is no chromium. Debian: apt-get install chromium");
    }
    Some((Served::start(APP, &[]), browser?))
}

fn picture(name: &str) -> PathBuf {
    target_folder().join("page").join(name)
}

fn get(served: &Served, path: &str) {
    ureq::get(format!("{}{path}", served.url)).config().http_status_as_error(false).build().call().expect("an answer");
}

/// What the focus is on: the text of an element, else its id.
fn focus(browser: &mut Browser) -> String {
    let focus = browser.value("document.activeElement.innerText || document.activeElement.id");
    focus.as_str().unwrap_or_default().to_owned()
}

/// Takes a picture and looks whether something is on it: a page has many colours, and its ground does not cover all.
fn look(browser: &mut Browser, name: &str) {
    let png = browser.screenshot(&picture(name));
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut pixels).expect("an image");
    let mut colours: HashMap<&[u8], u32> = HashMap::new();
    for pixel in pixels[..info.buffer_size()].chunks_exact(info.color_type.samples()) {
        *colours.entry(pixel).or_default() += 1;
    }
    let all: u32 = colours.values().sum();
    let most = colours.values().max().copied().unwrap_or_default();
    assert!(colours.len() > 50 && most < all / 100 * 95, "{name} is nearly blank: {} colours, {most} of {all} the same", colours.len());
}

/// Every control has a name that is read out, and no two parts of the page are named by the same id.
fn check_names(browser: &mut Browser) {
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let mut controls = 0;
    for node in tree["nodes"].as_array().expect("a list") {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        if ["button", "link", "textbox", "combobox", "checkbox", "region", "navigation", "heading"].contains(&role)
            && node["ignored"] == false
        {
            controls += 1;
            assert_ne!(node["name"]["value"].as_str().unwrap_or_default(), "", "{node}");
        }
    }
    assert!(controls > 5, "{controls}");
    let twice = "(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return new Set(ids).size === ids.length })()";
    assert_eq!(browser.value(twice), true);
}

#[test]
fn invocation_is_listed_opened_and_sent_again() {
    let Some((served, mut browser)) = both() else { return };
    browser.resize(1280, 860);
    browser.open(&format!("{}/_coldmoon", served.url));
    browser.wait("document.querySelector('#none').innerText.startsWith('No invocations yet')");
    browser.wait("document.querySelector('#live').innerText === 'live'");

    // It appears while the page is open.
    get(&served, "/hello?name=Ada");
    get(&served, "/fail");
    browser.wait("document.querySelectorAll('#list li').length === 2");
    browser.wait("document.querySelector('#list li:last-child').innerText.match(/GET \\/hello\\?name=Ada\\s+200/) !== null");

    browser.click("#list li:last-child a");
    browser.wait("document.querySelector('#detail-name')?.innerText === 'GET /hello?name=Ada'");
    let text = browser.value("document.querySelector('#detail').innerText");
    let text = text.as_str().unwrap();
    for part in ["\"rawQueryString\": \"name=Ada\"", "\"message\": \"Hello, Ada\"", "greeting Ada", "Init", "REPORT RequestId: ", "200"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    check_names(&mut browser);
    look(&mut browser, "response.png");

    browser.click("#again");
    browser.wait("document.querySelectorAll('#list li').length === 3 && document.querySelector('#detail-name').innerText === 'Page'");
    browser.wait("document.querySelector('#said').innerText.startsWith('Invocation finished: ok')");
    browser.wait("document.querySelector('#detail').innerText.includes('\"rawQueryString\": \"name=Ada\"')");
    served.wait_for("Page ok");
    assert_eq!(served.log().matches("greeting Ada\n").count(), 2);

    browser.click("#list li:nth-child(2) a");
    browser.wait("document.querySelector('#detail pre.bad')?.innerText.includes('> 11 |   return user.name')");
    look(&mut browser, "error.png");

    browser.click("#only-errors");
    browser.wait("document.querySelectorAll('#list li').length === 1");
    browser.click("#only-errors");

    // A stream is shown while it runs.
    std::thread::scope(|scope| {
        scope.spawn(|| get(&served, "/slow"));
        browser.wait("document.querySelectorAll('#list li').length === 4");
        browser.click("#list li:first-child a");
        browser.wait("document.querySelector('#detail .top').innerText.includes('running')");
        browser.wait("document.querySelector('#detail').innerText.includes('first part, ')");
        assert_eq!(browser.value("document.querySelector('#detail').innerText.includes('second part')"), false);
        served.write(".seen", "");
        browser.wait("document.querySelector('#detail').innerText.includes('first part, second part')");
    });
    browser.prefer("dark");
    browser.click("#list li:last-child a");
    browser.wait("document.querySelector('#detail-name')?.innerText === 'GET /hello?name=Ada'");
    look(&mut browser, "dark.png");
    assert_eq!(browser.value("getComputedStyle(document.documentElement).backgroundColor"), "rgb(16, 19, 26)");
    drop(served);
    browser.wait("document.querySelector('#live').innerText === 'not connected'");
}

#[test]
fn everything_can_be_done_by_keyboard() {
    let Some((served, mut browser)) = both() else { return };
    browser.resize(1280, 860);
    browser.open(&format!("{}/_coldmoon", served.url));
    browser.wait("document.querySelectorAll('#sample option').length > 20");
    browser.press("Tab");
    assert_eq!(focus(&mut browser), "Skip to the invocation");
    browser.press("Tab");
    assert_eq!(focus(&mut browser), "New event");
    browser.press("Enter");
    browser.wait("document.activeElement.id === 'compose-name'");
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.id"), "sample");
    for key in "SQS, two messages of a q".chars() {
        browser.press(&key.to_string());
    }
    browser.wait("document.querySelector('#sample').value === 'sqs'");
    assert!(browser.value("document.querySelector('#event').value").as_str().unwrap().contains("\"eventSource\": \"aws:sqs\""));
    look(&mut browser, "sample.png");
    browser.press("Tab");
    assert_eq!(browser.value("document.activeElement.id"), "event");
    browser.press_with("Enter", 2);
    browser.wait("document.activeElement.id === 'detail-name'");
    browser.wait("document.querySelector('#said').innerText.startsWith('Invocation finished: ok')");
    browser.wait("document.querySelector('#detail').innerText.includes('aws:sqs')");

    browser.press("Tab");
    assert_eq!(focus(&mut browser), "Send again");
    browser.press("Enter");
    browser.wait("document.querySelectorAll('#list li').length === 2 && document.activeElement.id === 'detail-name'");
    browser.press("Tab");
    browser.press("Tab");
    assert_eq!(focus(&mut browser), "Edit and send");
    browser.press("Enter");
    browser.wait("document.activeElement.id === 'compose-name'");
    browser.press("Tab");
    browser.press("Tab");
    browser.press_with("a", 2);
    browser.type_text("{ not json");
    browser.press("Tab");
    assert_eq!(focus(&mut browser), "Send");
    browser.press("Enter");
    browser.wait("document.querySelector('#complaint').innerText.startsWith('The event is not JSON: ')");
    assert_eq!(browser.value("document.activeElement.id"), "event", "the mistake is where the focus is");
    browser.press_with("a", 2);
    browser.type_text("{\"mine\": 12345678901234567890}");
    browser.press_with("Enter", 2);
    browser.wait("document.querySelector('#detail')?.innerText.includes('\"mine\": 12345678901234567890')");

    // From the invocation to its line of the list, through the list, and into another one.
    browser.press("Escape");
    browser.wait("document.activeElement.closest('#list li:first-child') !== null");
    browser.press("ArrowDown");
    browser.press("ArrowDown");
    assert_eq!(browser.value("document.activeElement.closest('li') === document.querySelector('#list li:last-child')"), true);
    browser.press("Enter");
    browser.wait("document.activeElement.id === 'detail-name' && location.hash === '#1'");
    assert_eq!(browser.value("document.querySelectorAll('#list [aria-current]').length"), 1);
}

#[test]
fn narrow_screens_show_one_thing_at_a_time() {
    let Some((served, mut browser)) = both() else { return };
    get(&served, "/hello?name=a-name-that-is-much-longer-than-the-screen-is-wide-and-has-no-place-to-break");
    get(&served, "/fail");
    browser.resize(360, 740);
    browser.open(&format!("{}/_coldmoon", served.url));
    browser.wait("document.querySelectorAll('#list li').length === 2");
    let visible = |browser: &mut Browser, selector: &str| browser.value(&format!("document.querySelector({selector:?}).checkVisibility()"));
    let fits = "document.documentElement.scrollWidth <= 360 && document.querySelector('#pane').scrollWidth <= 360";
    assert_eq!(browser.value(fits), true);
    assert_eq!(visible(&mut browser, "#pane"), false);
    look(&mut browser, "narrow-list.png");
    for nth in ["first", "last"] {
        browser.click(&format!("#list li:{nth}-child a"));
        browser.wait("document.activeElement.id === 'detail-name'");
        assert_eq!(visible(&mut browser, "#list"), false);
        assert_eq!(browser.value(fits), true, "{nth}");
        look(&mut browser, &format!("narrow-{nth}.png"));
        browser.click("#back");
        browser.wait("document.querySelector('#list').checkVisibility()");
    }
    browser.click("a[href='#new']");
    browser.wait("document.querySelector('#event').checkVisibility()");
    assert_eq!(browser.value(fits), true);
    look(&mut browser, "narrow-new.png");
    let small = "[...document.querySelectorAll('button, .button, select')].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).length";
    assert_eq!(browser.value(small), 0, "what is touched is large enough");
}

#[test]
fn what_functions_and_callers_send_is_shown_as_text() {
    let Some((served, mut browser)) = both() else { return };
    let markup = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>";
    let event = json!({ "name": markup, "fail": markup }).to_string();
    browser.open(&format!("{}/_coldmoon#new", served.url));
    browser.wait("document.querySelectorAll('#sample option').length > 20");
    browser.value(&format!(
        "document.querySelector('#event').value = {}; document.querySelector('#form').requestSubmit()",
        Value::from(event)
    ));
    browser.wait("document.querySelector('#detail pre.bad')?.innerText.includes('<script>window.hacked = 1</script>')");
    browser.value(&format!(
        "document.querySelector('#event').value = {}; location.hash = 'new'",
        Value::from(json!({ markup: markup }).to_string())
    ));
    browser.value("document.querySelector('#form').requestSubmit()");
    browser.wait("location.hash === '#2' && document.querySelector('#detail').innerText.includes('<img src=x')");
    get(&served, "/hello?name='%22%3E%3Cimg%20src=x%20onerror=hacked=1%3E");
    browser.wait("document.querySelectorAll('#list li').length === 3");
    browser.click("#list li:first-child a");
    browser.wait("document.querySelector('#detail').innerText.includes('Hello, ')");
    assert_eq!(browser.value("document.querySelectorAll('main img, main script').length"), 0);
    assert_eq!(browser.value("typeof window.hacked"), "undefined");
    // Nor would such markup run: the page's policy allows its own script alone.
    let run = "new Promise(done => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); setTimeout(() => done(typeof window.hacked), 50) })";
    assert_eq!(browser.value(run), "undefined");
}
