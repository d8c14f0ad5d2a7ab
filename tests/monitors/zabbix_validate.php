<?php
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zabbix_validate.php FRONTEND FILE...: holds templates to the frontend's own
 * rules, without a database: the structure as an import would, then each key,
 * expression and path as far as the frontend has parsers for them. One line a
 * fault; exit 1 where there is one.
 */

error_reporting(E_ALL & ~E_DEPRECATED);
[, $frontend] = $argv;
$files = array_map('realpath', array_slice($argv, 2));
chdir($frontend);
foreach (['classes/core/CAutoloader.php', 'defines.inc.php', 'func.inc.php',
		'gettextwrapper.inc.php', 'translateDefines.inc.php',
		'locales.inc.php', 'triggers.inc.php', 'macros.inc.php'] as $file) {
	if (is_file("include/$file")) {
		require_once "include/$file";
	}
}

/* All folders with classes. */
$folders = [];
$walk = new RecursiveIteratorIterator(
	new RecursiveDirectoryIterator('include/classes'),
	RecursiveIteratorIterator::SELF_FIRST);
foreach ($walk as $entry) {
	if ($entry->isDir() && $entry->getFilename() !== '..') {
		$folders[] = $entry->getPathname();
	}
}
$loader = new CAutoloader();
$loader->addNamespace('', $folders);
$loader->register();
require_once 'vendor/autoload.php';

function check_key(string $key, string $where): array {
	$parser = new CItemKey();

	return $parser->parse($key) == CParser::PARSE_SUCCESS
		? [] : ["$where: key $key: ".$parser->getError()];
}

function check_expression(string $expression, bool $has_lld,
		string $where): array {
	$parser = new CExpressionParser(
		['usermacros' => true, 'lldmacros' => $has_lld]);
	if ($parser->parse($expression) != CParser::PARSE_SUCCESS) {
		return ["$where: $expression: ".$parser->getError()];
	}
	$validator = new CExpressionValidator(
		['usermacros' => true, 'lldmacros' => $has_lld]);

	return $validator->validate($parser->getResult()->getTokens())
		? [] : ["$where: $expression: ".$validator->getError()];
}

function check_triggers(array $triggers, bool $has_lld, string $where): array {
	$faults = [];
	foreach ($triggers as $trigger) {
		foreach (['expression', 'recovery_expression'] as $member) {
			if (($trigger[$member] ?? '') !== '') {
				$faults = array_merge($faults, check_expression(
					$trigger[$member], $has_lld, $where));
			}
		}
	}

	return $faults;
}

function check_template(array $template): array {
	$where = $template['template'];
	$faults = [];
	$rules = $template['discovery_rules'] ?? [];
	$prototypes = array_merge([], ...array_column($rules, 'item_prototypes'));
	foreach (array_merge($template['items'], $rules, $prototypes) as $item) {
		$faults = array_merge($faults, check_key($item['key'], $where),
			check_triggers($item['triggers'] ?? [], false, $where));
	}
	foreach ($prototypes as $item) {
		$faults = array_merge($faults, check_triggers(
			$item['trigger_prototypes'] ?? [], true, $where));
	}

	return $faults;
}

function check_file(string $file): array {
	$data = CImportReaderFactory::getReader('yaml')->read(
		file_get_contents($file));
	$validator = new CXmlValidator(
		new CImportValidatorFactory('yaml'), 'yaml');
	$validator->setStrict(true)->validate($data, '/');
	$export = $data['zabbix_export'];
	$faults = check_triggers($export['triggers'] ?? [], false, $file);
	foreach ($export['templates'] as $template) {
		$faults = array_merge($faults, check_template($template));
	}

	return $faults;
}

$is_good = true;
foreach ($files as $file) {
	try {
		$faults = check_file($file);
	} catch (Throwable $trouble) {
		$faults = [$file.': '.$trouble->getMessage()];
	}
	foreach ($faults as $fault) {
		echo $fault, "\n";
		$is_good = false;
	}
}
echo count($files), " read\n";
exit($is_good ? 0 : 1);
