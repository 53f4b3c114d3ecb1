// What a person with a screen reader would find: elements by role and name.
// Put in front of each script that is run in the page.
const IMPLICIT = {
  button: 'button,summary,input[type=submit],input[type=button]',
  link: 'a[href]',
  textbox: 'textarea,input:not([type]),input[type=text],input[type=password],input[type=email],' +
    'input[type=url],input[type=search],input[type=tel]',
  checkbox: 'input[type=checkbox]',
  radio: 'input[type=radio]',
  heading: 'h1,h2,h3,h4',
  dialog: 'dialog',
  row: 'tr',
  cell: 'td',
  navigation: 'nav',
  main: 'main',
  form: 'form',
  img: 'img',
  listitem: 'li',
  alert: '',
};
const ALSO = { textbox: ['searchbox', 'spinbutton', 'combobox'], row: ['listitem', 'option'], checkbox: ['switch'], dialog: ['alertdialog'] };
const tidy = (text) => (text || '').replace(/\s+/g, ' ').trim();

function nameOf(element) {
  const by = element.getAttribute('aria-labelledby');
  if (by) {
    const text = tidy(by.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(' '));
    if (text) return text;
  }
  const label = tidy(element.getAttribute('aria-label'));
  if (label) return label;
  if (element.labels?.length) return tidy([...element.labels].map((one) => one.textContent).join(' '));
  if (element.tagName === 'INPUT' || element.tagName === 'TEXTAREA')
    return tidy(element.placeholder || element.title || element.value);
  return tidy(element.innerText || element.textContent || element.title);
}

// Controls of React Aria hide their input (a checkbox, a radio button) under what is drawn.
function shown(element) {
  if (element.closest('[aria-hidden=true],[inert],[hidden]') && !/^(checkbox|radio)$/.test(element.type || '')) return false;
  return element.getClientRects().length > 0 || !!element.closest('label')?.getClientRects().length;
}

function all(role) {
  const roles = [role, ...(ALSO[role] || [])];
  const selector = [...roles.map((one) => `[role=${one}]`), IMPLICIT[role]].filter(Boolean).join(',');
  return [...document.querySelectorAll(selector)].filter((element) => {
    const given = element.getAttribute('role');
    return shown(element) && (!given || roles.includes(given));
  });
}

// The best matches: exact names before names that begin so before names that contain it, and what
// stands in a dialog before what lies behind it. With `inDialog` nothing but the dialog counts.
function found(role, name, inDialog) {
  const dialogs = [...document.querySelectorAll('[role=dialog],[role=alertdialog],dialog[open]')].filter(shown);
  const wanted = name.toLowerCase();
  const rank = (element) => {
    const own = nameOf(element).toLowerCase();
    const behind = dialogs.some((dialog) => dialog.contains(element)) ? 0 : 10;
    if (inDialog && behind) return 99;
    if (own === wanted) return behind;
    if (own.startsWith(wanted)) return behind + 1;
    return own.includes(wanted) ? behind + 2 : 99;
  };
  const ranked = all(role).map((element) => [rank(element), element]);
  const best = Math.min(...ranked.map(([number]) => number), 99);
  return best === 99 ? [] : ranked.filter(([number]) => number === best).map(([, element]) => element);
}

// What a pointer hits: of a hidden input, the label that is drawn for it.
function target(element) {
  return /^(checkbox|radio)$/.test(element?.type || '') ? element.closest('label') || element : element;
}

function outline() {
  const lines = [];
  for (const role of ['heading', 'alert', 'button', 'link', 'textbox', 'radio', 'checkbox', 'tab', 'option', 'dialog', 'row'])
    for (const element of all(role).slice(0, 40))
      lines.push(`${role} "${nameOf(element).slice(0, 80)}"${element.disabled || element.getAttribute('aria-disabled') === 'true' ? ' (disabled)' : ''}`);
  return `${location.href}\n${lines.join('\n')}\n---\n${(document.body?.innerText || '').slice(0, 3000)}`;
}
