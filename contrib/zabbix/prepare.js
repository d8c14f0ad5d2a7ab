// SPDX-License-Identifier: GPL-3.0-or-later
// Makes of what a check printed one object that all dependent items find their
// value in, whatever it was: each thing of a list gets a key that an item may
// have, its metrics and what was found about it.
var label = 'LABEL', lists = LISTS;
var STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'];
// So much of a name is written in a list.
var NAME_BYTES = 120;
// A result that is too long has at least so many findings, if not all.
var FINDINGS_KEPT = 128;
// What nobody sees, but what changes the order of what is seen.
var UNSEEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
// So much of a name is shown: an item's has 255 characters, up to three names.
var SHOWN_MAX = 70;

function isText(value) {
	return typeof value === 'string' && value !== '';
}

function noResult(why) {
	var line = why.replace(/\s+/g, ' ');

	if (line.indexOf(label + ' UNKNOWN - ') !== 0)
		line = label + ' UNKNOWN - ' + line;
	return {schema: 1, state: 3, summary: line, error: why, discovery: {}};
}

// The triggers look for these words.
function isOurs(got) {
	return typeof got.state === 'number' && isText(STATES[got.state]) &&
		isText(got.summary) && got.summary.indexOf(
		label + ' ' + STATES[got.state] + ' - ') === 0;
}

function read(text) {
	var got;

	try {
		got = JSON.parse(text);
	} catch (error) {
		return noResult(text === '' ? 'the check printed nothing' :
			text.substring(0, 1000));
	}
	if (got === null || typeof got !== 'object')
		return noResult('the check printed no object');
	if (got.not_supported)
		return noResult('the check was not run, or not to its end: ' +
			'is it there, and is Timeout longer than its own?');
	if (got.schema !== 1)
		return noResult('this template knows schema 1 alone, not ' +
			got.schema);
	if (!isOurs(got))
		return noResult('this is no result of that check: ' +
			String(got.summary).substring(0, 200));
	got.error = '';
	return got;
}

// Two sums with nothing in common: names that were made to have one of them
// the same differ in the other.
function sumsOf(text) {
	var one = 0, other = 5381, i;

	for (i = 0; i < text.length; i++) {
		one = (one * 31 + text.charCodeAt(i)) % 4294967296;
		other = (other * 65599 + text.charCodeAt(i)) % 4294967291;
	}
	return one.toString(16) + other.toString(16);
}

// Of several texts one that may stand in a key and in a path.
function keyOf(texts, isOfOthers) {
	var text = texts.filter(isText).join('/');
	var safe = text.replace(/[^A-Za-z0-9_.:\/-]/g, '_').substring(0, 70);

	return safe === text && !isOfOthers ? text :
		safe + '-' + sumsOf(texts.join('\n'));
}

// In one line, in the order in which it is written, and no longer than that.
function clean(text, max) {
	text = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
		.replace(UNSEEN, '').trim();
	if (text.length <= max)
		return text;
	// Never half of a character.
	return text.substring(0, max - 1).replace(/[\ud800-\udbff]$/, '') +
		'\u2026';
}

// Nothing that a monitor would take for a macro.
function shown(text) {
	if (!isText(text))
		return '';
	return clean(text, SHOWN_MAX).replace(/[{}]/g, '_')
		.replace(/\$(?=[0-9])/g, '_');
}

function placeOf(thing) {
	return thing.port ? '[' + thing.address + ']:' + thing.port :
		thing.address;
}

function namesOf(thing) {
	return [].concat(thing.names, thing.name, thing.exchanger, thing.what,
		thing.component, thing.id, thing.group + '/' + thing.name,
		placeOf(thing)).filter(isText);
}

// "ADDRESS" or "NAME ADDRESS", and "NAME" of what has several addresses.
function isOf(thing, server) {
	var place = placeOf(thing);

	if (!isText(place) || server === thing.name)
		return server === thing.name;
	if (isText(thing.exchanger))
		return server === thing.exchanger + ' ' + place;
	return server.split(' ').pop() === place;
}

// Without what the plugin writes otherwise in a list than in a finding.
function fold(name) {
	return name.replace(/[\s\u0000-\u001f\u007f-\u009f|<>()!]/g, '')
		.replace(UNSEEN, '');
}

function bytesOf(text) {
	var bytes = 0, i, code;

	for (i = 0; i < text.length; i++) {
		code = text.charCodeAt(i);
		bytes += code < 0x80 ? 1 : code < 0x800 ? 2 :
			code >= 0xd800 && code < 0xe000 ? 2 : 3;
	}
	return bytes;
}

// The findings that are bad, each with its culprit's name as it is compared:
// that takes long, and would be done once for each thing.
function badOf(findings) {
	return findings.filter(function (finding) {
		return finding.state > 0;
	}).map(function (finding) {
		return {culprit: finding.culprit, text: finding.text,
			folded: isText(finding.culprit.name) ?
			fold(finding.culprit.name) : ''};
	});
}

// How a name in a list is compared: in full, or as much as is written there.
function called(name) {
	return {name: name, folded: fold(name),
		isCut: bytesOf(name) > NAME_BYTES - 4};
}

function concerns(finding, thing, names) {
	var culprit = finding.culprit;

	if (isText(culprit.address) && isText(thing.address))
		return culprit.address === thing.address &&
			!(isText(thing.exchanger) && isText(culprit.name) &&
			culprit.name !== thing.exchanger);
	return isText(culprit.name) && names.some(function (own) {
		return own.name === culprit.name || (own.folded !== '' &&
			(own.folded === finding.folded || (own.isCut &&
			finding.folded.indexOf(own.folded) === 0)));
	});
}

// As a person reads it: "NAME (ADDRESS) is ...".
function told(finding) {
	var culprit = finding.culprit, words = [];

	if (isText(culprit.name))
		words.push(clean(culprit.name, NAME_BYTES));
	if (isText(culprit.address))
		words.push(isText(culprit.name) ? '(' + culprit.address + ')' :
			culprit.address);
	return words.concat(finding.text).join(' ');
}

function memberOf(thing, path) {
	return path.split('.').reduce(function (value, name) {
		return value === undefined || value === null ? undefined :
			value[name];
	}, thing);
}

// Its numbers, and its metrics: those of a long result are left out of it
// before the lists are, which have them too.
function metricsOf(thing, got, about) {
	var metrics = {}, member;

	for (member in thing)
		if (typeof thing[member] === 'number')
			metrics[member] = thing[member];
	Object.keys(about.members).forEach(function (metric) {
		var value = memberOf(thing, about.members[metric]);

		if (got.truncated && typeof value === 'number' &&
			(thing.verdict === undefined || thing.verdict === 'good'))
			metrics[metric] = value;
	});
	(got.server_metrics || []).forEach(function (one) {
		if (isOf(thing, one.server))
			metrics[one.metric] = one.value;
	});
	return metrics;
}

// How often there is each id, which begins with a blank: "__proto__" is none.
function countIds(things) {
	var counts = {};

	things.forEach(function (thing) {
		if (thing && isText(thing.id))
			counts[' ' + thing.id] = (counts[' ' + thing.id] || 0)
				+ 1;
	});
	return counts;
}

// A thing that has an id of its own is the same by whatever name. What others
// chose may look like the one, or have the mark in it that parts two names.
function identityOf(thing, about, ids) {
	var hasIds = about.identity.indexOf('id') >= 0, texts;

	if (hasIds && ids[' ' + thing.id] === 1)
		return 'id/' + keyOf([thing.id]);
	texts = about.identity.map(function (name) {
		return thing[name] === undefined || thing[name] === null ?
			'' : String(thing[name]);
	});
	return keyOf(texts, hasIds && (texts[0] === 'id' ||
		texts.join('').indexOf('/') >= 0));
}

function describe(thing, got, about, ids) {
	var names = namesOf(thing).map(called), found;

	thing.key = identityOf(thing, about, ids);
	thing.metrics = metricsOf(thing, got, about);
	found = got.bad.filter(function (finding) {
		return concerns(finding, thing, names);
	});
	// Where findings may have been left out, none disproves nothing.
	if (found.length > 0 || !got.lacks)
		thing.finding = found.length > 0 ? told(found[0]) : '';
}

// Whether anything is missing that an item has its value from.
function isCut(got) {
	return got.components_left_out > 0 || got.truncated === true &&
		((got.findings || []).length >= FINDINGS_KEPT ||
		Object.keys(lists).some(function (name) {
			return !Array.isArray(got[name]);
		}));
}

// The first of them that can be seen.
function firstOf(texts) {
	return texts.map(shown).filter(isText)[0] || '';
}

// What a discovery rule is to see of a thing. {#SHOWN} is what items are named
// by: without two blanks where it has no group, or no name.
function rowOf(thing) {
	var group = firstOf([thing.group, thing.component]);
	var address = shown(thing.address);
	var name = firstOf([].concat(thing.name, thing.exchanger, thing.names,
		thing.host, thing.what, thing.id));

	if (name === '' && address === '')
		name = 'without a name';
	return {
		'{#KEY}': thing.key,
		'{#SHOWN}': [group, name, address].filter(isText).join(' '),
		'{#NAME}': name === '' ? address : name,
		'{#ADDRESS}': address,
		'{#GROUP}': group
	};
}

// Each key once, always in the same order.
function discover(things) {
	var seen = {};

	things.forEach(function (thing) {
		seen[thing.key] = rowOf(thing);
	});
	return Object.keys(seen).sort().map(function (key) {
		return seen[key];
	});
}

function prepare(text) {
	var result = read(text);

	if (result.error !== '')
		return result;
	result.discovery = {};
	result.lacks = isCut(result);
	result.bad = badOf(result.findings || []);
	Object.keys(lists).forEach(function (name) {
		var ids;

		if (!Array.isArray(result[name]))
			return;
		ids = countIds(result[name]);
		result[name].forEach(function (thing) {
			describe(thing, result, lists[name], ids);
		});
		result.discovery[name] = discover(result[name]);
	});
	delete result.bad;
	return result;
}

try {
	return JSON.stringify(prepare(value));
} catch (error) {
	return JSON.stringify(noResult(
		'this is no result of that check: ' + error));
}
