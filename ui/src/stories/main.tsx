import "../shared/charts/safeLanguage";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import "../shared/base.css";
import { setLanguage } from "../shared/i18n";
import { allStories, type Story, storyPath, World } from "./index";
import styles from "./stories.module.css";

/*
 * `npm run stories`: every shared component in every state, in light and in dark. A component's states stand
 * one under the other, twice: each theme is a frame of its own, so that what floats has its theme too.
 * `?theme=dark&show=Button` is the inside of such a frame; `&lang=sv` shows the program's own words in Swedish.
 */

const search = new URLSearchParams(location.search);
const language = search.get("lang") === "sv" ? "sv" : "en";
setLanguage(language);

/** What one frame shows: a component's states, or a single one that covers the page. */
interface Place {
  path: string;
  label: string;
  stories: readonly Story[];
}

function places(): Place[] {
  const found = new Map<string, Story[]>();
  for (const story of allStories) {
    const path = story.alone ? storyPath(story) : story.component;
    found.set(path, [...(found.get(path) ?? []), story]);
  }
  return [...found].map(([path, stories]) => ({ path, label: path.replace("/", ": "), stories }));
}

const PLACES = places();

function Inside(props: { place: Place }) {
  return (
    <main className={styles.inside}>
      {props.place.stories.map((story) => (
        <section key={story.state} aria-label={story.state}>
          {story.alone ? null : <h2>{story.state}</h2>}
          <div style={story.height ? { height: story.height } : undefined}>
            <World>{story.render()}</World>
          </div>
        </section>
      ))}
    </main>
  );
}

function Book() {
  const [path, setPath] = useState(() => decodeURIComponent(location.hash.slice(1)) || PLACES[0]?.path || "");
  useEffect(() => {
    const follow = () => setPath(decodeURIComponent(location.hash.slice(1)));
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  const frame = (theme: string) => `?theme=${theme}&lang=${language}&show=${encodeURIComponent(path)}`;
  return (
    <div className={styles.book}>
      <nav className={styles.index} aria-label="Components">
        <h1>Stories</h1>
        <p className="quiet">{allStories.length} states</p>
        {PLACES.map((place) => (
          <a
            key={place.path}
            href={`#${encodeURIComponent(place.path)}`}
            aria-current={place.path === path ? "page" : undefined}
          >
            {place.label}{" "}
            <span className="quiet">{place.stories.length > 1 ? place.stories.length : ""}</span>
          </a>
        ))}
        <a href={language === "sv" ? "?lang=en" : "?lang=sv"}>
          {language === "sv" ? "In English" : "På svenska"}
        </a>
      </nav>
      {["light", "dark"].map((theme) => (
        <iframe key={theme} title={`${path}, ${theme}`} src={frame(theme)} />
      ))}
    </div>
  );
}

const show = search.get("show");
const place = PLACES.find((each) => each.path === show);
document.documentElement.dataset.theme = search.get("theme") === "dark" ? "dark" : "light";
document.documentElement.dataset.density = "normal";
const root = document.getElementById("root");
if (root) createRoot(root).render(place ? <Inside place={place} /> : <Book />);
