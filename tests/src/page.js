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

// Exact name first, then names that begin so, then names that contain it; the topmost dialog
// before what lies behind it.
function found(role, name) {
  const dialogs = [...document.querySelectorAll('[role=dialog],[role=alertdialog],dialog[open]')].filter(shown);
  const inTop = (element) => dialogs.some((dialog) => dialog.contains(element));
  const wanted = name.toLowerCase();
  const rank = (element) => {
    const own = nameOf(element).toLowerCase();
    if (own === wanted) return 0;
    if (own.startsWith(wanted)) return 1;
    return own.includes(wanted) ? 2 : 3;
  };
  const ranked = all(role)
    .map((element) => [rank(element) + (dialogs.length && !inTop(element) ? 10 : 0), element])
    .filter(([number]) => number % 10 < 3);
  ranked.sort((a, b) => a[0] - b[0]);
  return ranked.map(([, element]) => element);
}

function outline() {
  const lines = [];
  for (const role of ['heading', 'alert', 'button', 'link', 'textbox', 'radio', 'checkbox', 'tab', 'option', 'dialog', 'row'])
    for (const element of all(role).slice(0, 40))
      lines.push(`${role} "${nameOf(element).slice(0, 80)}"${element.disabled || element.getAttribute('aria-disabled') === 'true' ? ' (disabled)' : ''}`);
  return `${location.href}\n${lines.join('\n')}\n---\n${(document.body?.innerText || '').slice(0, 3000)}`;
}
