#!/usr/bin/perl
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Monitoring::Plugin makes of performance data and of ranges. Reads a
# JSON object from standard input and writes one:
#
#	{"perfdata": "a=1s;2 b=3"}	-> [{"label": "a", "value": "1" ...}]
#	{"ranges": ["10:"], "values": [1]}	-> {"10:": [state of each value]}
use strict;
use warnings;
use JSON::PP;
use Monitoring::Plugin::Performance;
use Monitoring::Plugin::Threshold;

my $asked = decode_json(do { local $/; <STDIN> });
my $answer;

if (exists $asked->{perfdata}) {
	$answer = [ map {
		my $item = $_;
		+{ map { $_ => $item->$_ } qw(label value uom warning critical) }
	} Monitoring::Plugin::Performance->parse_perfstring(
		$asked->{perfdata}) ];
} else {
	for my $range (@{ $asked->{ranges} }) {
		my $threshold = Monitoring::Plugin::Threshold->set_thresholds(
			warning => $range);
		$answer->{$range} = [ map { $threshold->get_status($_) }
			@{ $asked->{values} } ];
	}
}
print JSON::PP->new->canonical->allow_blessed->convert_blessed->encode($answer);
