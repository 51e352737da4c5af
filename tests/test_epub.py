"""EPUB books: their text in reading order, metadata and chapters; damaged, encrypted and hostile ones are refused."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import zipfile

import pytest
from epub_files import PNG, navigation, ncx, page, point, write_epub

from wavewright.apps.cli import run
from wavewright.audio.sound_file import open_sound
from wavewright.base.errors import BadSetting, BadText, NothingToSpeak, SkippedText
from wavewright.speech.book_source import open_book
from wavewright.tasks.narrate import narrate
from wavewright.text.epub import Epub, read_epub
from wavewright.text.epub_flow import plain_paragraphs, split_document

ONE = page("<h1>One</h1><p>First words.</p>")
TWO = page("<h1>Two</h1><p>Last words.</p>")


def texts(book: Epub) -> list[tuple[str, ...]]:
    return [(chapter.title, *chapter.paragraphs) for chapter in book.chapters]


def test_chapters_come_from_the_navigation_document(tmp_path):
    entries = (
        '<li><a href="one.xhtml">The First&nbsp;One</a></li><li><span>Part</span><ol>'
        '<li><a href="two.xhtml#a">A</a></li><li><a href="two.xhtml#b">B &amp; C</a></li></ol></li>'
    )
    two = page('<p>Still one.</p><section id="a"><h2>A</h2><p>In a.</p></section><h2><a id="b"/>B</h2><p>In b.</p>')
    path = write_epub(
        tmp_path / "b.epub",
        {"front.xhtml": page("<h1>A Book</h1><p>By Ann.</p>"), "one.xhtml": ONE, "two.xhtml": two, "more.xhtml": TWO},
        contents=navigation(entries),
    )
    assert texts(read_epub(path)) == [
        ("A Book", "A Book", "By Ann."),
        ("The First One", "One", "First words.", "Still one."),
        ("A", "A", "In a."),
        ("B & C", "B", "In b.", "Two", "Last words."),
    ]


def test_chapters_come_from_the_ncx_file(tmp_path):
    points = point("One", "one.xhtml", point("A section", "one.xhtml#s")) + point("Caf&eacute;", "t%20o.xhtml")
    one = page('<h1>One</h1><p>First words.</p><h2 id="s">A section</h2><p>More.</p>')
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": one, "t o.xhtml": TWO}, contents=ncx(points))
    assert texts(read_epub(path)) == [
        ("One", "One", "First words.", "A section", "More."),
        ("Café", "Two", "Last words."),
    ]


def test_a_single_entry_above_all_others_is_the_book(tmp_path):
    points = point("A Book", "one.xhtml", point("One", "one.xhtml#c1") + point("Two", "one.xhtml#c2"))
    one = page('<h1>A Book</h1><h2 id="c1">One</h2><p>In one.</p><h2 id="c2">Two</h2><p>In two.</p>')
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": one}, contents=ncx(points))
    assert texts(read_epub(path)) == [("A Book", "A Book"), ("One", "One", "In one."), ("Two", "Two", "In two.")]


def test_without_a_table_of_contents_documents_are_chapters(tmp_path):
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": ONE, "two.xhtml": page("<p>No heading.</p>")})
    assert texts(read_epub(path)) == [("One", "One", "First words."), ("", "No heading.")]


def test_notes_and_page_numbers_are_left_out():
    body = (
        '<p>One<a epub:type="noteref" href="#n1">1</a> two<sup><a href="n.xhtml#n2">2</a></sup> '
        'three<a href="#n3"><sup>3</sup></a> four <a href="#n4">[4]</a> five<a href="#n5">*</a>, '
        'see <a href="two.xhtml#x">7</a> and <a href="https://example.org/#a">a page</a>.</p>'
        '<span epub:type="pagebreak" id="p2" title="2"/><p>Six <span class="pagenum">[12]</span>seven.</p>'
        '<aside epub:type="footnote" id="n1"><p>Note <i>one</i>.</p><aside>Inner.</aside> Still it.</aside>'
        '<section epub:type="endnotes"><section><p>Notes.</p></section></section><div class="footnote big">N.</div>'
        '<nav><ol><li>One</li></ol></nav><div role="doc-endnotes">E.</div><hr class="pagebreak"><p>Eight.</p>'
        "<!-- <aside> --><ruby>kanji<rt>reading</rt></ruby><p hidden='hidden'>Not this.</p><![CDATA[ <nav> ]]> Nine."
    )
    stretches = split_document(page(body), {"p2", "n1"})
    assert [anchor for anchor, _ in stretches] == ["", "p2", "n1"]
    assert [line for _, html in stretches for line in plain_paragraphs(html)] == [
        "One two three four five, see 7 and a page.",
        "Six seven.",
        "Eight.",
        "kanji Nine.",
    ]


def test_what_is_not_in_the_line_of_reading_is_left_out(tmp_path):
    path = write_epub(
        tmp_path / "b.epub",
        {"cover.xhtml": page('<img alt="The cover"/>'), "one.xhtml": ONE, "key.xhtml": TWO},
        contents=navigation('<li><a href="one.xhtml">One</a></li>'),
        spine='<itemref idref="cover.xhtml"/><itemref idref="toc"/><itemref idref="one.xhtml"/>'
        '<itemref idref="key.xhtml" linear="no"/>',
        guide='<reference type="cover" href="cover.xhtml"/>',
    )
    with pytest.warns(SkippedText, match=r"b.epub: left out are the documents key.xhtml\.$"):
        assert texts(read_epub(path)) == [("One", "One", "First words.")]


def test_a_sidebar_is_read_and_a_note_that_a_number_leads_to_is_not(tmp_path):
    one = page(
        '<p id="p1">One<a epub:type="noteref" href="#a1">1</a> and two.<sup><a href="notes.xhtml#n2">2</a></sup></p>'
        '<aside id="a1">Note one.</aside><aside class="sidebar"><p>Note: this belongs to the text.</p></aside>'
        '<p id="n3"><a href="#p1">[3]</a> A number that starts a paragraph leads nowhere.</p>'
        '<aside epub:type="annotation">A change of the editor.</aside>'
    )
    notes = page(
        '<h2>Notes</h2><ol><li id="n2">Note two. <a href="one.xhtml#r2">[2]</a></li></ol><p id="p1">The end.</p>'
    )
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": one, "notes.xhtml": notes})
    with pytest.warns(SkippedText, match=r"left out are 3 notes or indexes \('Note one.'\)"):
        book = read_epub(path)
    assert texts(book) == [
        (
            "",
            "One and two.",
            "Note: this belongs to the text.",
            "A number that starts a paragraph leads nowhere.",
        ),
        ("Notes", "Notes", "The end."),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_each_paragraph_is_read_or_counted(tmp_path, seed, recwarn):
    source = random.Random(seed)
    spoken = ("<p>{}</p>", "<aside>{}</aside>", "<blockquote><p>{}</p></blockquote>", '<div class="noted">{}</div>')
    notes = (
        *('<aside epub:type="footnote">{}</aside>', '<section role="doc-endnotes"><p>{}</p></section>'),
        *('<p class="footnote">{}</p>', '<section epub:type="index"><ul><li>{}</li></ul></section>'),
    )
    others = ('<p hidden="hidden">{}</p>', '<span class="pagenum">{}</span>', '<nav epub:type="toc">{}</nav>')
    expected, n_notes, documents = [], 0, {}
    for number in range(4):
        body = ""
        for index in range(source.randint(1, 6)):
            form, word = source.choice((*spoken, *notes, *others)), f"Word{'abcdef'[index]}{'uvwx'[number]}"
            body += form.format(word)
            expected += [word] * (form in spoken)
            n_notes += form in notes
        documents[f"{number}.xhtml"] = page(f"{body}<p>End.</p>")
    book = read_epub(write_epub(tmp_path / "b.epub", documents))
    assert [each for chapter in texts(book) for each in chapter[1:] if each != "End."] == expected
    assert [f"left out are {n_notes} notes" in str(each.message) for each in recwarn] == [True] * (n_notes > 0)


def test_a_list_of_contents_in_the_text_is_left_out(tmp_path):
    links = [f'<a href="one.xhtml#c{number}">Stave {number}</a>' for number in (1, 2, 3)]
    titled = [f'<a href="one.xhtml#c{number}">Of many Things</a>' for number in (1, 2, 3)]
    rows = "".join(f"<tr><td>{link}</td><td>{number}</td></tr>" for number, link in enumerate(links, 1))
    one = page(
        f'<h1>A Book</h1><h2>Contents</h2><table>{rows}</table><h2 id="c1"><a href="#top">Stave 1</a></h2>'
        f"<p>{', '.join(links)} are the parts.</p><p>Go to {links[0]}.</p><p>{links[1]}</p><p>{links[2]}</p>"
        f'<h2>Links</h2><p><a href="https://a.example">A</a></p><p><a href="https://b.example">B</a></p><p>'
        '<a href="https://c.example">C</a></p>'
    )
    rows = "".join(
        f'<p><a href="four.xhtml">CHAPTER {roman}.</a> How it all went on</p>' for roman in ("I", "II", "III")
    )
    three = page(f"<h2>Contents</h2>{rows}<h2>Other</h2>{rows.replace('went', 'did not go')}")
    points = (
        f'<li><a href="four.xhtml#c{roman}">CHAPTER {roman} How it all went on</a></li>' for roman in ("I", "II", "III")
    )
    two = page(f"<h2>Parts</h2><div>STAVE I<br/>{'<br/>STAVE II<br/>'.join(titled)}</div><p>All of them.</p>")
    path = write_epub(
        tmp_path / "b.epub",
        {"one.xhtml": one, "two.xhtml": two, "three.xhtml": three, "four.xhtml": page("<p>Last.</p>")},
        contents=navigation("".join(points)),
    )
    assert texts(read_epub(path)) == [
        (
            *("A Book", "A Book", "Stave 1", "Stave 1, Stave 2, Stave 3 are the parts.", "Go to Stave 1."),
            *("Stave 2", "Stave 3", "Links", "A", "B", "C"),
        ),
        ("Parts", "Parts", "All of them."),
        ("Contents", "Other", *(f"CHAPTER {roman}. How it all did not go on" for roman in ("I", "II", "III"))),
        ("CHAPTER I How it all went on", "Last."),
    ]


def test_the_page_of_the_cover_is_known_by_its_picture(tmp_path):
    path = write_epub(
        tmp_path / "b.epub",
        {
            "cover.xhtml": page('<div><img src="art/c.png" alt="The cover"/></div>'),
            "one.xhtml": page(
                '<img src="art/c.png" alt="The cover"/><img src="art/ill-7.png" alt="ill-7"/><p>One.</p>'
            ),
            "two.xhtml": page('<img src="art/d.png" alt="A map"/><img src="art/d.png" alt="d.PNG"/>'),
        },
        manifest='<item id="c" href="art/c.png" media-type="image/png" properties="cover-image"/>',
        other={"OEBPS/art/c.png": PNG, "OEBPS/art/d.png": PNG},
    )
    assert texts(read_epub(path)) == [("", "The cover", "One."), ("", "A map")]


@pytest.mark.parametrize(
    ("metadata", "item", "date"),
    [
        (
            '<dc:creator id="c1">Ann</dc:creator><dc:creator id="c2">Tom</dc:creator><dc:creator>Bo</dc:creator>'
            '<meta refines="#c2" property="role">trl</meta><dc:date>2001-02-03</dc:date>',
            '<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>',
            "2001-02-03",
        ),
        (
            '<dc:creator opf:role="aut">Ann</dc:creator><dc:creator opf:role="trl">Tom</dc:creator>'
            '<dc:creator opf:role="aut">Bo</dc:creator><dc:date opf:event="modification">2020</dc:date>'
            '<dc:date opf:event="publication">2001</dc:date><meta name="cover" content="c"/>',
            '<item id="c" href="c.png" media-type="image/png"/>',
            "2001",
        ),
    ],
)
def test_metadata_of_both_versions(tmp_path, metadata, item, date):
    path = write_epub(
        tmp_path / "b.epub",
        {"one.xhtml": ONE},
        metadata=f"<dc:title>A\n Book</dc:title><dc:title>Its other title</dc:title>"
        f"<dc:language>en-GB</dc:language>{metadata}",
        manifest=item,
        other={"OEBPS/c.png": PNG},
    )
    book = read_epub(path)
    assert (book.title, book.author, book.language, book.date) == ("A Book", "Ann, Bo", "en-GB", date)
    assert book.cover == PNG


ENCRYPTED = (
    '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
    '<enc:EncryptionMethod Algorithm="{}"/></enc:EncryptedData></encryption>'
)


def test_an_encrypted_book_is_refused_and_one_with_hidden_fonts_is_read(tmp_path):
    name = "META-INF/encryption.xml"
    fonts = {name: ENCRYPTED.format("http://www.idpf.org/2008/embedding")}
    assert read_epub(write_epub(tmp_path / "fonts.epub", {"one.xhtml": ONE}, other=fonts)).chapters
    locked = {name: ENCRYPTED.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    with pytest.raises(BadText, match=r"locked\.epub is encrypted \(DRM\).* without protection"):
        read_epub(write_epub(tmp_path / "locked.epub", {"one.xhtml": ONE}, other=locked))


def test_bombs_and_links_out_of_the_book_are_refused(tmp_path, monkeypatch):
    entities = '<?xml version="1.0"?><!DOCTYPE ncx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ncx>&b;</ncx>'
    with pytest.raises(BadText, match="defines entities"):
        read_epub(write_epub(tmp_path / "e.epub", {"one.xhtml": ONE}, contents=entities))
    deep = navigation("<li><ol>" * 300 + "</ol></li>" * 300)
    with pytest.raises(BadText, match="more than 200 elements inside each other"):
        read_epub(write_epub(tmp_path / "d.epub", {"one.xhtml": ONE}, contents=deep))
    bomb = page("<p>" + " " * 2**24 + "</p>")
    path = write_epub(tmp_path / "z.epub", {"one.xhtml": bomb})
    assert path.stat().st_size < 2**16
    with pytest.raises(BadText, match=r"one\.xhtml unpacks to more than 16 MiB"):
        read_epub(path)
    monkeypatch.setattr("wavewright.text.epub.MAX_BOOK_BYTES", 2**11)
    many = {f"{number}.xhtml": page("<p>" + "word " * 100 + "</p>") for number in range(10)}
    with pytest.raises(BadText, match="the book unpacks to more than"):
        read_epub(write_epub(tmp_path / "m.epub", many))
    monkeypatch.undo()
    (tmp_path / "secret.xhtml").write_text(TWO, encoding="utf-8")
    outside = '<item id="x" href="../../secret.xhtml" media-type="application/xhtml+xml"/>'
    with pytest.raises(NothingToSpeak, match=r"the documents 'secret\.xhtml', which are not in the file\."):
        read_epub(write_epub(tmp_path / "o.epub", {"one.xhtml": ONE}, manifest=outside, spine='<itemref idref="x"/>'))


def test_damaged_books_are_refused_with_a_sentence(tmp_path):
    whole = write_epub(tmp_path / "b.epub", {"one.xhtml": ONE, "two.xhtml": TWO}, contents=navigation("")).read_bytes()
    path = tmp_path / "damaged.epub"
    rng = random.Random(0)
    for n_bytes in range(0, len(whole), 61):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(BadText, match=r"damaged\.epub is no EPUB, or damaged.*get the file again"):
            read_epub(path)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 20)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        with contextlib.suppress(BadText, SkippedText):
            read_epub(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(BadText, match=r"it has no 'META-INF/container\.xml'"):
        read_epub(path)
    item = '<item id="o" href="o.xhtml" media-type="application/xhtml+xml"/>'
    write_epub(path, {}, manifest=item, spine='<itemref idref="o"/>', other={"OEBPS/o.xhtml": b"<p>\xff\xfe</p>"})
    with pytest.raises(BadText, match="is not text in utf-8"):
        read_epub(path)
    spine = '<itemref idref="lost"/><itemref idref="o"/><itemref idref="one.xhtml"/>'
    write_epub(path, {"one.xhtml": ONE}, manifest=item, spine=spine)
    with pytest.warns(SkippedText, match=r"left out are the documents 'lost', 'o\.xhtml', which are not in the file\."):
        assert read_epub(path) == read_epub(write_epub(tmp_path / "one.epub", {"one.xhtml": ONE}))
    with pytest.raises(BadText, match="does not exist"):
        read_epub(tmp_path / "none.epub")


def test_the_name_of_the_package_is_a_url(tmp_path):
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": ONE})
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "c.epub", "w") as other:
        for name in archive.namelist():
            content = archive.read(name).replace(b"OEBPS/book.opf", b"The%20book/book.opf")
            other.writestr(name.replace("OEBPS", "The book"), content)
    assert read_epub(tmp_path / "c.epub") == read_epub(path)


def test_a_document_in_another_encoding_is_read(tmp_path):
    latin = page("<p>Caf\u00e9.</p>").replace("UTF-8", "ISO-8859-1").encode("latin-1")
    wide = page("<p>Na\u00efve.</p>").replace("UTF-8", "UTF-16").encode("utf-16")
    items = "".join(f'<item id="{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in ("l.html", "w.html"))
    path = write_epub(
        tmp_path / "b.epub",
        {},
        manifest=items,
        spine='<itemref idref="l.html"/><itemref idref="w.html"/>',
        other={"OEBPS/l.html": latin, "OEBPS/w.html": wide},
    )
    assert texts(read_epub(path)) == [("", "Café."), ("", "Naïve.")]


def test_a_book_of_pictures_is_refused(tmp_path):
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": page('<img src="a.png"/>')})
    with pytest.raises(NothingToSpeak, match="There is no text in"):
        read_epub(path)


def test_an_epub_is_narrated_and_gone_on_with(players, tmp_path):
    contents = navigation('<li><a href="one.xhtml">The First</a></li><li><a href="two.xhtml">Two</a></li>')
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": ONE, "two.xhtml": TWO}, contents=contents)
    book = narrate(path, voice="en-ruth", quiet=True)
    assert [(chapter.path.name, chapter.details["title"]) for chapter in book.files] == [
        ("01-the-first.wav", "The First"),
        ("02-two.wav", "Two"),
    ]
    plain = tmp_path / "plain.txt"
    plain.write_text("One\n\nFirst words.\n", encoding="utf-8")
    as_text = narrate(plain, voice="en-ruth", quiet=True)
    assert as_text.files[0].seconds == book.files[0].seconds
    other = TWO.replace("Last", "Other")
    write_epub(path, {"one.xhtml": ONE, "two.xhtml": other}, contents=contents)
    assert [chapter.is_new for chapter in narrate(path, voice="en-ruth", quiet=True).files] == [False, True]


def test_a_passage_that_cannot_be_read_is_named_by_its_paragraph(players, tmp_path, capsys):
    hebrew = page("<h1>Two</h1><p>The name \u05e9\u05dc\u05d5\u05dd is last.</p>")
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": ONE, "two.xhtml": hebrew})
    with pytest.warns(SkippedText, match=r"in paragraph 4 \("):
        book = narrate(path, voice="en-ruth", quiet=True)
    assert (book.details["skipped"][0].line, book.details["skipped"][0].unit) == (4, "paragraph")
    assert run(["narrate", str(path), "--voice", "en-ruth", "--strict", "--out", str(tmp_path / "s")]) == 2
    assert "b.epub, paragraph 4 (Two): " in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_a_formula_alone_is_named_and_the_picture_of_a_cover_is_not(players, tmp_path):
    cover = page('<svg viewBox="0 0 600 800"><image width="600" xlink:href="cover.png"/></svg>')
    formula = page(
        "<p>So it is.</p><math><mover><mi>x</mi><mo>~</mo></mover></math><p>And <math><mn>3</mn></math>.</p>"
    )
    path = write_epub(tmp_path / "b.epub", {"cover.xhtml": cover, "one.xhtml": formula})
    paragraphs = [each for chapter in read_epub(path).chapters for each in chapter.paragraphs]
    assert paragraphs == ["So it is.", "\N{OBJECT REPLACEMENT CHARACTER}", "And 3."]
    with pytest.warns(SkippedText, match=r"in paragraph 2 \(a formula or drawing without a description\)"):
        narrate(path, voice="en-ruth", quiet=True)


def test_the_language_of_a_book_is_that_of_the_voice(players, tmp_path):
    path = write_epub(
        tmp_path / "b.epub", {"one.xhtml": ONE}, metadata="<dc:title>B</dc:title><dc:language>de-AT</dc:language>"
    )
    with pytest.raises(BadSetting, match=r"b\.epub is in 'de-AT', and en-ruth speaks 'en'; .*--language en if"):
        narrate(path, voice="en-ruth", quiet=True)
    assert not (tmp_path / "b").exists()
    assert narrate(path, voice="en-ruth", language="en", quiet=True, out=tmp_path / "forced").files
    of_no_locale = "<dc:title>B</dc:title><dc:language>C</dc:language>"  # as Pandoc writes it
    vague = write_epub(tmp_path / "v.epub", {"one.xhtml": ONE}, metadata=of_no_locale)
    assert narrate(vague, voice="en-ruth", quiet=True).files
    british = write_epub(
        tmp_path / "g.epub", {"one.xhtml": ONE}, metadata="<dc:title>B</dc:title><dc:language>en_GB</dc:language>"
    )
    book = narrate(british, voice="en-ruth", quiet=True)
    assert json.loads(open_sound(book.sound_files[0]).tags["comment"])["language"] == "en-GB"


def test_an_epub_has_its_own_chapters_and_markup(tmp_path):
    path = write_epub(tmp_path / "b.epub", {"one.xhtml": ONE})
    copy = tmp_path / "book"
    shutil.copy(path, copy)  # known by its first bytes
    with pytest.raises(BadSetting, match=r"is an EPUB.*leave the markup html out"):
        open_book(copy, markup="html")
    with pytest.raises(BadSetting, match="leave a mark of chapters out"):
        open_book(path, "%%")


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
@pytest.mark.parametrize("version", ["epub2", "epub3"])
def test_an_epub_of_pandoc(tmp_path, version):
    (tmp_path / "b.md").write_text(
        "---\ntitle: A Book\nauthor: [Ann, Bo]\nlang: en-GB\ndate: 1999-05-01\n---\n\n# One\n\nHello.[^1] Good.\n\n"
        "## A section\n\nMore.\n\n# Two\n\n> Quoted.\n\nEnd.[^b]\n\n[^1]: The note one.\n\n[^b]: Another.\n",
        encoding="utf-8",
    )
    subprocess.run(["pandoc", "-t", version, "--toc", "b.md", "-o", "b.epub"], cwd=tmp_path, check=True)
    with pytest.warns(SkippedText, match="left out are 2 notes"):
        book = read_epub(tmp_path / "b.epub")
    assert (book.title, book.author, book.language, book.date) == ("A Book", "Ann, Bo", "en-GB", "1999-05-01")
    (identifier,) = (text for name, text in book.others if name == "identifier")
    assert identifier.startswith("urn:uuid:")
    assert texts(book)[1:] == [("One", "One", "Hello. Good.", "A section", "More."), ("Two", "Two", "Quoted.", "End.")]


SERIES = (
    '<meta property="belongs-to-collection" id="c">Tales &amp; more</meta>'
    '<meta refines="#c" property="collection-type">{kind}</meta><meta refines="#c" property="group-position">3</meta>'
)


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [
        (SERIES.format(kind="series"), [("grouping", "Tales & more #3")]),
        (SERIES.format(kind="set"), []),
        ('<meta property="belongs-to-collection">Tales</meta>', [("grouping", "Tales")]),
        (
            '<meta name="calibre:series" content="Tales"/><meta name="calibre:series_index" content="1.5"/>',
            [("grouping", "Tales #1.5")],
        ),
        (
            '<dc:creator opf:role="trl">T</dc:creator><dc:contributor opf:role="bkp">calibre</dc:contributor>',
            [("involvedpeople:translator", "T")],
        ),
        (
            '<dc:contributor id="n">N</dc:contributor><meta refines="#n" property="role">nrt</meta>'
            "<dc:contributor>M</dc:contributor><dc:source>https://example.org</dc:source>",
            [("source", "https://example.org"), ("involvedpeople:nrt", "N"), ("involvedpeople:ctb", "M")],
        ),
        (
            '<dc:identifier opf:scheme="uuid">62-4c</dc:identifier><dc:identifier>ISBN:9783161484100</dc:identifier>'
            '<dc:identifier opf:scheme="ISBN-13">978-3</dc:identifier><dc:identifier id="i">978-4</dc:identifier>'
            '<meta refines="#i" property="identifier-type" scheme="onix:codelist5">15</meta>'
            "<dc:identifier>urn:isbn:978-5</dc:identifier><dc:identifier>urn:uuid:62-4d</dc:identifier>",
            [
                *(("identifier", "uuid:62-4c"), ("isbn", "9783161484100"), ("isbn", "978-3"), ("isbn", "978-4")),
                *(("isbn", "978-5"), ("identifier", "urn:uuid:62-4d")),
            ],
        ),
        (
            '<dc:title id="s">Its subtitle</dc:title><dc:title id="t">Title</dc:title>'
            '<meta refines="#t" property="title-type">main</meta><meta refines="#t" property="file-as">Title, A</meta>'
            "<dc:language>en</dc:language><dc:language>fr</dc:language>",
            [("subtitle", "Its subtitle"), ("titlesort", "Title, A"), ("language", "fr")],
        ),
    ],
)
def test_further_metadata_is_tags(tmp_path, metadata, tags):
    creator = '<dc:creator opf:role="aut">A</dc:creator>'
    path = write_epub(tmp_path / "b.epub", {"a.xhtml": page("<p>Words.</p>")}, metadata=creator + metadata)
    book = read_epub(path)
    assert (book.author, list(book.others)) == ("A", tags)
