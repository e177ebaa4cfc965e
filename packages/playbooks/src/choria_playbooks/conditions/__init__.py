"""Conditions: ``idling=true and not (errors>0 or status=~/fail/)``, of replies and of runs."""
