import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { Markdown } from "../src/shared/components";
import { Toasts } from "../src/shared/components/Toast";

const html = (text: string) => render(<Markdown text={text} />).container.innerHTML;

it("shows raw HTML as it was typed", () => {
  for (const text of [
    "<script>alert(1)</script>",
    "a <img src=x onerror=alert(1)> b",
    "<a href='javascript:alert(1)'>x</a>",
    "`<b>`",
    "**<i>x</i>**",
  ]) {
    const { container } = render(<Markdown text={text} />);
    expect(container.querySelector("script, img, a, b, i")).toBeNull();
    expect(container.textContent).toContain(/[<][^>]*[>]/.exec(text)?.[0]);
  }
});

it("opens links outside, and only those of the web and of mail", () => {
  const { container } = render(
    <Markdown
      text={
        "[a](https://example.org/x?a=1&b=2) [b](javascript:alert) [c](file:///etc/passwd) [d](/settings) [e](mailto:x@y.z) [f](JaVaScRiPt:x) [g](data:text/html,x)"
      }
    />,
  );
  const links = [...container.querySelectorAll("a")];
  expect(links.map((a) => a.getAttribute("href"))).toEqual(["https://example.org/x?a=1&b=2", "mailto:x@y.z"]);
  for (const link of links) {
    expect(link.target).toBe("_blank");
    expect(link.rel).toContain("noopener");
  }
});

it("hands the address over in the desktop window, which opens no other pages", async () => {
  Object.assign(window, { __TAURI_INTERNALS__: {} });
  try {
    const user = userEvent.setup({ delay: null });
    render(
      <>
        <Markdown text="[a](https://example.org/x)" />
        <Toasts />
      </>,
    );
    await user.click(screen.getByRole("link", { name: "a" }));
    await screen.findByText("Address copied: open it in your browser");
    expect(await navigator.clipboard.readText()).toBe("https://example.org/x");
  } finally {
    Reflect.deleteProperty(window, "__TAURI_INTERNALS__");
  }
});

it("fetches nothing: a picture is a link to it", () => {
  const { container } = render(<Markdown text="![heat map](https://example.org/x.png)" />);
  expect(container.querySelector("img")).toBeNull();
  expect(container.querySelector("a")?.textContent).toBe("heat map");
});

it("writes the characters of HTML as they were typed, once", () => {
  expect(html("a & b < c &amp; \"d\" 'e' `x && y`")).toContain("a &amp; b &lt; c");
  expect(render(<Markdown text="`a && b < c`" />).container.textContent).toBe("a && b < c");
});

it("keeps lists, tasks, tables, quotes and code", () => {
  const { container } = render(
    <Markdown
      text={"- one\n- [x] two\n\n1. a\n\n> q\n\n| h |\n|--:|\n| v |\n\n```\ncode <x>\n```\n\n# Title"}
    />,
  );
  expect(container.querySelectorAll("li")).toHaveLength(3);
  expect((container.querySelector("input") as HTMLInputElement).checked).toBe(true);
  expect(container.querySelector("blockquote")?.textContent).toBe("q");
  expect(container.querySelector("td")?.textContent).toBe("v");
  expect(container.querySelector("pre")?.textContent).toContain("code <x>");
  // Headings of the page stay the page's.
  expect(container.querySelector("h1")).toBeNull();
});

it("does not fall over what nobody meant as Markdown", () => {
  for (const text of [
    "",
    "\n\n",
    "[",
    "**",
    "[x](",
    "|",
    "``",
    "\u0000",
    "*".repeat(2000),
    ">".repeat(500),
  ]) {
    expect(() => html(text)).not.toThrow();
  }
});
