"""What bench/peers.py is made of: chela beside its peers, one idea a file."""
