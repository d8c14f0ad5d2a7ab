// SPDX-License-Identifier: GPL-3.0-or-later
// Makes of what a check printed one object that all dependent items find their
// value in, whatever it was: each thing of a list gets a key that an item may
// have, its metrics and what was found about it.
var label = 'LABEL', lists = LISTS;

function isText(value) {
	return typeof value === 'string' && value !== '';
}

function noResult(why) {
	var line = why.replace(/\s+/g, ' ');

	if (line.indexOf(label + ' ') !== 0)
		line = label + ' UNKNOWN - ' + line;
	return {schema: 1, state: 3, summary: line, error: why};
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
	got.error = '';
	return got;
}

// Of several texts one that may stand in a key and in a path.
function keyOf(texts) {
	var text = texts.filter(isText).join('/');
	var safe = text.replace(/[^A-Za-z0-9_.:\/-]/g, '_').substring(0, 80);
	var sum = 0, i;

	if (safe === text)
		return text;
	for (i = 0; i < text.length; i++)
		sum = (sum * 31 + text.charCodeAt(i)) % 4294967296;
	return safe + '-' + sum.toString(16);
}

// Nothing that a monitor would take for a macro.
function shown(text) {
	return isText(text) ? text.replace(/[{}]/g, '_') : '';
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

function concerns(culprit, thing) {
	if (isText(culprit.address) && isText(thing.address))
		return culprit.address === thing.address &&
			!(isText(thing.exchanger) && isText(culprit.name) &&
			culprit.name !== thing.exchanger);
	return isText(culprit.name) && namesOf(thing).indexOf(culprit.name) >= 0;
}

function describe(thing, got, identity) {
	var found, member;

	thing.key = keyOf(identity.map(function (name) {
		return thing[name] === undefined || thing[name] === null ?
			'' : String(thing[name]);
	}));
	thing.metrics = {};
	for (member in thing)
		if (typeof thing[member] === 'number')
			thing.metrics[member] = thing[member];
	(got.server_metrics || []).forEach(function (one) {
		if (isOf(thing, one.server))
			thing.metrics[one.metric] = one.value;
	});
	found = (got.findings || []).filter(function (finding) {
		return finding.state > 0 && concerns(finding.culprit, thing);
	});
	thing.finding = found.length > 0 ? found[0].text : '';
}

// What a discovery rule is to see: each key once, always in the same order.
function discover(things) {
	var seen = {};

	things.forEach(function (thing) {
		seen[thing.key] = {
			'{#KEY}': thing.key,
			'{#NAME}': shown(thing.name || thing.exchanger ||
				(thing.names || [])[0] || thing.what || ''),
			'{#ADDRESS}': shown(thing.address),
			'{#GROUP}': shown(thing.group || thing.component)
		};
	});
	return Object.keys(seen).sort().map(function (key) {
		return seen[key];
	});
}

var result = read(value);

result.discovery = {};
Object.keys(lists).forEach(function (name) {
	if (!Array.isArray(result[name]))
		return;
	result[name].forEach(function (thing) {
		describe(thing, result, lists[name]);
	});
	result.discovery[name] = discover(result[name]);
});
return JSON.stringify(result);
