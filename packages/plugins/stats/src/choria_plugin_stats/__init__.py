"""Statistics of Choria servers in files: for collectd, Sensu, node_exporter and people."""
