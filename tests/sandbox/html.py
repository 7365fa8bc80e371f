# SPDX-License-Identifier: Apache-2.0
"""The look of the simulators' pages: one layout, one style sheet, no scripts."""

from html import escape

STYLE = """
:root { --ink:#313440; --soft:#5e637a; --line:#d9dce9; --back:#f6f7fc; --blue:#3c64f4;
  --dark:#273a8a; --green:#208831; --red:#c3212d; --amber:#8a6100; }
* { box-sizing:border-box }
body { margin:0; font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
  color:var(--ink); background:var(--back) }
a { color:var(--blue) } h1 { font-size:1.5rem; margin:0 0 .6rem } h2 { font-size:1.1rem;
  margin:1.6rem 0 .5rem } p { margin:.4rem 0 } code { font-size:.85em; color:var(--soft) } .date { white-space:nowrap }
header.top { display:flex; gap:1rem; align-items:center; flex-wrap:wrap; padding:.6rem 1.2rem;
  background:#0d1433; color:#fff }
header.top a { color:#fff; text-decoration:none } header.top .brand { font-weight:700 }
header.top .note { margin-left:auto; font-size:.85rem; opacity:.8 }
.shell { display:flex; min-height:calc(100vh - 50px) }
nav.side { width:210px; flex:none; background:#fff; border-right:1px solid var(--line);
  padding:1rem 0 }
nav.side a { display:block; padding:.45rem 1.2rem; color:var(--ink); text-decoration:none }
nav.side a:hover, nav.side a[aria-current] { background:#eef1ff; color:var(--dark) }
nav.side .group { padding:.9rem 1.2rem .2rem; font-size:.75rem; text-transform:uppercase;
  letter-spacing:.05em; color:var(--soft) }
main { flex:1; padding:1.6rem; min-width:0; max-width:1100px }
.card { background:#fff; border:1px solid var(--line); border-radius:8px; padding:1.2rem 1.4rem;
  margin:0 0 1.2rem }
.narrow { max-width:560px; margin:3rem auto }
.row { display:flex; gap:.8rem; align-items:center; flex-wrap:wrap; margin:1rem 0 0 }
table { width:100%; border-collapse:collapse } th, td { text-align:left; padding:.5rem .6rem;
  border-bottom:1px solid var(--line); vertical-align:top } th { font-size:.8rem;
  color:var(--soft); font-weight:600 } td.num, th.num { text-align:right;
  font-variant-numeric:tabular-nums; white-space:nowrap } tr:last-child td { border-bottom:0 }
.scroll { overflow-x:auto }
button, .button { font:inherit; padding:.45rem 1rem; border-radius:5px; border:1px solid var(--line);
  background:#fff; color:var(--ink); cursor:pointer; text-decoration:none; display:inline-block }
button:hover, .button:hover { border-color:var(--blue) }
.primary { background:var(--blue); border-color:var(--blue); color:#fff }
.primary:hover { background:var(--dark) } .danger { color:var(--red); border-color:var(--red) }
input, select, textarea { font:inherit; padding:.4rem .5rem; border:1px solid #b4bad1;
  border-radius:5px; max-width:100% } label { display:block; margin:.6rem 0 }
label.inline { display:inline-block; margin:0 .4rem 0 0 } input.small { width:6.5rem }
.tag { display:inline-block; padding:.05rem .5rem; border-radius:10px; font-size:.8rem;
  background:#eceefa; color:var(--soft) } .tag.good { background:#e3f5e5; color:var(--green) }
.tag.bad { background:#fdeaeb; color:var(--red) } .tag.warn { background:#fff4d6;
  color:var(--amber) }
.alert { border-left:4px solid var(--blue); background:#eef1ff; padding:.6rem 1rem;
  margin:0 0 1rem; border-radius:0 6px 6px 0 } .alert.bad { border-color:var(--red);
  background:#fdeaeb } .soft { color:var(--soft) }
.frame { padding:0; max-width:none; display:flex; flex-direction:column }
.frame h1 { font-size:1.1rem; margin:0; padding:.8rem 1.2rem; background:#fff;
  border-bottom:1px solid var(--line) }
iframe { flex:1; width:100%; min-height:80vh; border:0; background:#fff }
dl + .scroll { margin-top:.8rem }
dl { display:grid; grid-template-columns:max-content 1fr; gap:.3rem 1.2rem; margin:0 }
dt { color:var(--soft) } dd { margin:0; overflow-wrap:anywhere }
@media (max-width:700px) { .shell { display:block } nav.side { width:auto; display:flex;
  overflow-x:auto; padding:0; white-space:nowrap } nav.side .group { display:none } main { padding:1rem }
  main.frame { padding:0 } }
"""


def esc(value):
    return escape(str(value), quote=True)


def page(title, body, top=""):
    """A whole page."""
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{esc(title)}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="icon" href="data:,"><style>{STYLE}</style></head><body>{top}{body}'
            "</body></html>")


def top_bar(brand, link, note):
    return (f'<header class="top"><a class="brand" href="{esc(link)}">{esc(brand)}</a>{note}'
            '<span class="note">Sandbox: nothing here is real</span></header>')


def table(heads, rows, ident=""):
    """`heads`: names, those beginning with '#' are numbers; `rows`: lists of cells (HTML)."""
    def cells(tag, values):
        return "".join(f'<{tag}{" class=num" if head.startswith("#") else ""}>{value}</{tag}>'
                       for head, value in zip(heads, values))
    head = cells("th", [esc(h.lstrip("#")) for h in heads])
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    mark = f' id="{ident}"' if ident else ""
    return (f'<div class="scroll"><table{mark}><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
            "</table></div>")
