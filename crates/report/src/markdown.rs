//! Markdown as HTML that only has the elements Markdown has.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Text between tags or in an attribute. Characters that no text has are left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            _ => out.push(c),
        }
    }
    out
}

/// Addresses that lead out; anything else (`javascript:`, `file:`, `data:`) leads nowhere.
fn leads_out(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    ["http:", "https:", "mailto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

const LEVELS: [HeadingLevel; 5] = [
    HeadingLevel::H2,
    HeadingLevel::H3,
    HeadingLevel::H4,
    HeadingLevel::H5,
    HeadingLevel::H6,
];

/// The page's title is the only heading of the first level; the highest of a text is one of the
/// second.
fn below(level: HeadingLevel, highest: usize) -> HeadingLevel {
    let depth = (level as usize).saturating_sub(highest);
    LEVELS.get(depth).copied().unwrap_or(HeadingLevel::H6)
}

/// Renders Markdown. Tags in it are shown as they were typed, nothing is fetched (a picture is a
/// link to it), and a line break is a line break, as on the screens.
pub(crate) fn rendered(text: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let highest = Parser::new_ext(text, options)
        .filter_map(|event| match event {
            Event::Start(Tag::Heading { level, .. }) => Some(level as usize),
            _ => None,
        })
        .min()
        .unwrap_or(1);
    // Links within one another cannot be, so one flag a level is enough.
    let mut open = Vec::new();
    let events = Parser::new_ext(text, options).flat_map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => vec![Event::Text(html)],
        // Raw HTML of a block is text of a paragraph.
        Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
        Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
        Event::SoftBreak => vec![Event::HardBreak],
        Event::Start(Tag::Heading {
            level,
            id,
            classes,
            attrs,
        }) => vec![Event::Start(Tag::Heading {
            level: below(level, highest),
            id,
            classes,
            attrs,
        })],
        Event::End(TagEnd::Heading(level)) => {
            vec![Event::End(TagEnd::Heading(below(level, highest)))]
        }
        Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                id,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                id,
                ..
            },
        ) => {
            let leads = leads_out(&dest_url) && !open.contains(&true);
            open.push(leads);
            if leads {
                vec![Event::Start(Tag::Link {
                    link_type,
                    title: CowStr::Borrowed(""),
                    dest_url,
                    id,
                })]
            } else {
                Vec::new()
            }
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match open.pop() {
            Some(true) => vec![Event::End(TagEnd::Link)],
            _ => Vec::new(),
        },
        Event::Text(text) => vec![Event::Text(
            text.chars()
                .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
                .collect::<String>()
                .into(),
        )],
        other => vec![other],
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    // The page allows no style of its own to an element. Text has no `<`, so this is the
    // writer's own.
    for side in ["left", "center", "right"] {
        for cell in ["th", "td"] {
            out = out.replace(
                &format!("<{cell} style=\"text-align: {side}\">"),
                &format!("<{cell} class=\"{side}\">"),
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::rendered;

    #[test]
    fn markdown_becomes_its_elements() {
        let html = rendered("## Head\n\na *b* `c`\nd\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n");
        for part in [
            "<h2>Head</h2>",
            "<em>b</em>",
            "<code>c</code><br />",
            "<td class=\"right\">2</td>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn tags_are_shown_and_lead_nowhere() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<style>*{color:red}</style>",
            "<!-- x --><iframe src=\"https://a.example\"></iframe>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](data:text/html,<script>1</script>)",
            "![x](https://a.example/x.png)",
            "![x](javascript:alert(1))",
            "<javascript:alert(1)>",
            "[![x](https://a.example/y.png)](https://a.example/)",
            "<svg><script>1</script></svg>\n\n<td style=\"text-align: left\">",
        ] {
            let html = rendered(text);
            let tags = html.split('<').skip(1).map(|rest| {
                rest.trim_start_matches('/')
                    .split(|c: char| !c.is_ascii_alphanumeric())
                    .next()
                    .unwrap_or_default()
            });
            for tag in tags {
                assert!(matches!(tag, "p" | "a" | "br" | "em"), "{tag}: {html}");
            }
            for (at, lead) in html.match_indices("<a href=\"") {
                let address = &html[at + lead.len()..];
                assert!(address.starts_with("https://a.example/"), "{html}");
            }
        }
    }
}
